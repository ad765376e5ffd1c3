"""Request bodies of the local API: kopecks, hundredths of a bonus, thousandths of a unit."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from edge_agent.scan_intake import Takes
from edge_agent.usecases.open_sale import MAX_CODE, MAX_CODES
from loyalty.basket import MAX_LINES, MAX_QTY_MILLI, MAX_SUM_MINOR, Tender, TenderKind
from sync.contract.basket_models import BasketIn as BasketIn
from sync.contract.basket_models import LineIn as LineIn
from sync.contract.basket_models import Quantity, Short, Tolerant
from sync.contract.messages import WireReturnLine, WireTender

Request = Tolerant


class Answer(BaseModel):
    """Base of small answers; `ignored` names the fields of the request that are not known here."""

    ignored: list[str] = []


AnswerT = TypeVar("AnswerT", bound=BaseModel)


def named(answer: AnswerT, body: Request) -> AnswerT:
    """The answer with what of the request was ignored."""
    return answer.model_copy(update={"ignored": body.ignored()})


Codes = Annotated[list[Annotated[str, Field(max_length=MAX_CODE)]], Field(max_length=MAX_CODES)]


class CodesIn(Request):
    """Codes entered for the sale: promo codes and coupons; replaces what was there."""

    codes: Codes


class PlannedTendersIn(Request):
    """How the buyer means to pay, and what gift cards pay of it, before the confirmation."""

    kinds: Annotated[list[TenderKind], Field(max_length=5)]
    gift_card_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_SUM_MINOR)] = 0


class IdentityIn(Request):
    """A code and where it came from, or `take_scan` for who was scanned just before."""

    code: Annotated[str, Field(max_length=512)] = ""
    symbology: Annotated[str, Field(max_length=8)] = ""
    source: Literal["scanner", "camera", "keyboard", "pos"] = "pos"
    take_scan: Annotated[bool, Field(strict=True)] = False


class MemberIn(IdentityIn):
    """Who the sale is for. With `if_other` `ask`, another member than the sale's is refused with
    `other_member`, so that the cashier chooses."""

    if_other: Literal["replace", "ask"] = "replace"


class OpenIn(Request):
    """Open a sale: identity and basket in one call, both optional."""

    identity: IdentityIn | None = None
    basket: BasketIn | None = None
    cashier_id: Short = ""
    cashier_card: Annotated[str, Field(max_length=512)] = ""
    codes: Codes = Field(default_factory=list)


class RedeemIn(Request):
    """Points to redeem in hundredths; `null` is the most possible, 0 takes it back."""

    points: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None


class TenderIn(Request):
    """One means of payment. Of a gift card: the till's own reference of it, never its number,
    and what lay on it before, where the till knows."""

    kind: TenderKind
    amount_minor: Annotated[int, Field(strict=True, gt=0, le=MAX_SUM_MINOR)]
    reference: Short = ""
    balance_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_SUM_MINOR)] | None = None


class ConfirmIn(Request):
    """The quote the till shows and the money it took; `receipt_width` is how many characters a
    line of the POS's own paper has."""

    quote_id: Short
    basket_hash: Short
    tenders: Annotated[list[TenderIn], Field(max_length=10)]
    receipt_width: Annotated[int, Field(strict=True, ge=16, le=64)] = 32

    def paid(self) -> tuple[Tender, ...]:
        """The core's tenders."""
        return tuple(
            Tender(item.kind, item.amount_minor, item.reference, item.balance_minor)
            for item in self.tenders
        )


class OneTimeCodeIn(Request):
    """The code that the buyer was sent."""

    code: Annotated[str, Field(min_length=4, max_length=12, pattern=r"^[0-9]+$")]


class OneTimeCodeOut(Answer):
    """Whether a code is on its way, and a sentence for the cashier."""

    state: str
    sentence: str


class ReasonIn(Request):
    """Why something is undone."""

    reason: Annotated[str, Field(max_length=200)] = ""


ApprovalId = Annotated[str, Field(max_length=64)]
"""A senior's word from `POST /v1/approvals`; "" where the person signed in may do it alone."""


class VoidIn(ReasonIn):
    """Why the sale is undone, and a senior's word where one is needed."""

    approval: ApprovalId = ""


class ReturnLineIn(Request):
    """A line of the sale and how many thousandths of it come back."""

    line_id: Annotated[str, Field(min_length=1, max_length=64)]
    qty_milli: Quantity


class ReturnPreviewIn(ReasonIn):
    """Goods that would come back. Without `lines` everything that is left does."""

    lines: Annotated[list[ReturnLineIn], Field(min_length=1, max_length=MAX_LINES)] | None = None

    def wanted(self) -> dict[str, int] | None:
        """Thousandths by line; a line may stand more than once."""
        if self.lines is None:
            return None
        sums: dict[str, int] = {}
        for item in self.lines:
            sums[item.line_id] = sums.get(item.line_id, 0) + item.qty_milli
        return sums


class ReturnIn(ReturnPreviewIn):
    """A return; the id is the caller's own. Without `lines` everything that is left comes back."""

    return_id: Annotated[str, Field(min_length=32, max_length=36)]
    approval: ApprovalId = ""


class ForeignReturnIn(ReturnPreviewIn):
    """The refund of another register's sale as the POS pays it, by its means, while the centre
    does not tell of the sale. Without `lines` everything that is left comes back."""

    return_id: Annotated[str, Field(min_length=32, max_length=36)]
    refund_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_SUM_MINOR)]
    tenders: Annotated[list[TenderIn], Field(max_length=10, default_factory=list)]
    approval: ApprovalId = ""

    def paid(self) -> tuple[Tender, ...]:
        """The core's tenders."""
        return tuple(Tender(item.kind, item.amount_minor, item.reference) for item in self.tenders)


class ReturnOut(Answer):
    """What goes back: money in kopecks, by means in `tenders`, points in hundredths.

    `withheld_minor` was kept for points that were earned and spent; `is_complete` says that
    nothing of the sale is left to return."""

    return_id: str
    sale_id: str
    state: str
    refund_minor: int
    rounding_minor: int
    restored_points: int
    reversed_points: int
    withheld_minor: int
    withheld_points: int
    written_off_points: int
    is_complete: bool
    tenders: list[WireTender]
    lines: list[WireReturnLine]


class ResolveIn(Request):
    """What a person saw on the paper."""

    verdict: Literal["printed", "not_printed"]
    fiscal_number: Short = ""
    author: Annotated[str, Field(min_length=1, max_length=40)]


class ScanIn(Request):
    """A code typed or scanned outside of the agent's own scanner."""

    code: Annotated[str, Field(min_length=1, max_length=512)]
    symbology: Annotated[str, Field(max_length=8)] = ""
    source: Literal["scanner", "camera", "keyboard", "pos"] = "keyboard"


class DialogIn(Request):
    """Whether the screen asks the cashier something now; scans wait for it, or are its answer.

    With `takes_badge` a scan is a senior's badge: it stays in the agent until `POST /v1/approvals`
    takes it."""

    is_open: Annotated[bool, Field(strict=True)]
    takes_scan: Annotated[bool, Field(strict=True)] = False
    takes_badge: Annotated[bool, Field(strict=True)] = False

    def takes(self) -> Takes:
        """What becomes of a scan."""
        if not self.is_open:
            return ""
        return "badge" if self.takes_badge else "text" if self.takes_scan else ""


class ChoiceIn(Request):
    """The place of the chosen meaning in the state's `choices`, from 0."""

    place: Annotated[int, Field(strict=True, ge=0, le=8)]


class GoodIn(Request):
    """Add a good to the panel's own sale."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    qty_milli: Quantity | None = None


class QuantityIn(Request):
    """New quantity of a line; 0 removes it."""

    qty_milli: Annotated[int, Field(strict=True, ge=0, le=MAX_QTY_MILLI)]


class SessionIn(Request):
    """The one-time code of a panel link."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
