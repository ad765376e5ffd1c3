"""Request bodies of the local API: kopecks, hundredths of a bonus, thousandths of a unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from loyalty.basket import MAX_QTY_MILLI, MAX_SUM_MINOR, Tender, TenderKind
from sync.contract.basket_models import BasketIn as BasketIn
from sync.contract.basket_models import LineIn as LineIn
from sync.contract.basket_models import Quantity, Short, Tolerant

Request = Tolerant


class IdentityIn(Request):
    """A code and where it came from, or `take_scan` for who was scanned just before."""

    code: Annotated[str, Field(max_length=512)] = ""
    symbology: Annotated[str, Field(max_length=8)] = ""
    source: Literal["scanner", "camera", "keyboard", "pos"] = "pos"
    take_scan: bool = False


class OpenIn(Request):
    """Open a sale: identity and basket in one call, both optional."""

    identity: IdentityIn | None = None
    basket: BasketIn | None = None
    cashier_id: Short = ""


class RedeemIn(Request):
    """Points to redeem in hundredths; `null` is the most possible, 0 takes it back."""

    points: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None


class TenderIn(Request):
    """One means of payment."""

    kind: TenderKind
    amount_minor: Annotated[int, Field(strict=True, gt=0, le=MAX_SUM_MINOR)]


class ConfirmIn(Request):
    """The quote the till shows and the money it took."""

    quote_id: Short
    basket_hash: Short
    tenders: Annotated[list[TenderIn], Field(max_length=10)]

    def paid(self) -> tuple[Tender, ...]:
        """The core's tenders."""
        return tuple(Tender(item.kind, item.amount_minor) for item in self.tenders)


class ReasonIn(Request):
    """Why something is undone."""

    reason: Annotated[str, Field(max_length=200)] = ""


class ReturnIn(ReasonIn):
    """A return of the whole sale; the id is the caller's own."""

    return_id: Annotated[str, Field(min_length=32, max_length=36)]


class ReturnOut(BaseModel):
    """What goes back: money in kopecks, points in hundredths."""

    return_id: str
    sale_id: str
    state: str
    refund_minor: int
    restored_points: int
    reversed_points: int


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
