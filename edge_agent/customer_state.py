"""What the buyer's own display shows: made from the cashier's state, and much less of it.

No phone, no number of a card or member, no whole name, no purchases, no reasons and nothing about
the register: the display stands where strangers read it (ADR 0042)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, Literal

from pydantic import BaseModel

from edge_agent.member_views import MemberCard
from edge_agent.panel_state import PanelState
from edge_agent.sentences import Language
from edge_agent.views import LineView, SaleView

SHOWN_LINES: Final = 12
DONE_S: Final = 30.0
HELLO_S: Final = 120.0
"""How long the end of a sale, or a member before one, stays; then nobody's name is left there."""
_FINISHED: Final = ("committed", "posted")

Phase = Literal["idle", "hello", "sale", "done"]


class JoinView(BaseModel):
    """Where the buyer becomes a member: the programme's own page, and its QR as an SVG path over a
    square of `qr_size` modules, the quiet zone of four modules included."""

    url: str
    qr_path: str
    qr_size: int


class CustomerLine(BaseModel):
    """A line after its discount, kopecks."""

    name: str
    qty_milli: int
    unit: str
    sum_minor: int
    discount_minor: int


class CustomerState(BaseModel):
    """Everything the buyer's display shows. Amounts are kopecks, points hundredths of a bonus.

    `lines` are the last ones of `lines_count`; `name` and `balance_points` are empty without a
    member; `earned_points` are promised in a sale and given when it is done."""

    revision: int
    locale: Language
    at: str
    store_name: str
    training: bool = False
    phase: Phase = "idle"
    name: str = ""
    balance_points: int | None = None
    lines: list[CustomerLine] = []
    lines_count: int = 0
    gross_minor: int = 0
    discount_minor: int = 0
    redeemed_minor: int = 0
    payable_minor: int = 0
    earned_points: int = 0
    change_minor: int = 0
    join: JoinView | None = None


def masked(name: str) -> str:
    """First name and an initial, whatever the centre sent: "Олена Коваль" is "Олена К."."""
    words = name.split()
    return f"{words[0]} {words[1][0]}." if len(words) > 1 else " ".join(words)


@cache
def join_view(url: str) -> JoinView:
    """The page with its QR (ISO/IEC 18004, correction M)."""
    import segno  # with the first sale that shows it, not at start

    code = segno.make(url, error="m", micro=False)
    rows = [bytes(row) for row in code.matrix_iter(border=4)]
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return JoinView(url=url, qr_path=path, qr_size=len(rows))


class CustomerDesk:
    """Turns the cashier's states into the buyer's. `locale` is the register's own language,
    `join_url` the page where a buyer becomes a member, "" where there is none."""

    def __init__(
        self,
        locale: Language,
        monotonic: Callable[[], float],
        join_url: str = "",
    ) -> None:
        self._locale = locale
        self._now = monotonic
        self._join_url = join_url
        self._opened = ""
        self._since: tuple[str, float] = ("", 0.0)

    def state(self, seen: PanelState) -> CustomerState:
        """What the buyer sees now of what the cashier saw last."""
        shown = CustomerState(
            revision=seen.revision,
            locale=self._locale,
            training=seen.training,
            at=seen.at,
            store_name=seen.strip.store_name,
        )
        sale = seen.sale
        if sale is not None and sale.state == "open":
            self._opened = sale.sale_id
            return self._sale(shown, sale)
        card = seen.waiting
        if card is not None and self._is_fresh(f"member {card.member_id}", HELLO_S):
            return shown.model_copy(update={"phase": "hello", **_member(card)})
        # Only the end of a sale that stood here: a display that is opened later shows nobody.
        if sale is None or sale.state not in _FINISHED or sale.sale_id != self._opened:
            return shown
        return _finished(shown, sale) if self._is_fresh(sale.sale_id, DONE_S) else shown

    def _is_fresh(self, what: str, seconds: float) -> bool:
        if self._since[0] != what:
            self._since = (what, self._now())
        return self._now() - self._since[1] < seconds

    def _sale(self, shown: CustomerState, sale: SaleView) -> CustomerState:
        about = {
            "phase": "sale",
            "lines": [_line(line) for line in sale.lines[-SHOWN_LINES:]],
            "lines_count": len(sale.lines),
            "earned_points": sale.accrual_points,
            "join": join_view(self._join_url) if self._join_url and not sale.member else None,
            **_totals(sale),
            **_member(sale.member),
        }
        return shown.model_copy(update=about)


def _finished(shown: CustomerState, sale: SaleView) -> CustomerState:
    result = sale.result or {}
    about = {
        "phase": "done",
        "lines_count": len(sale.lines),
        "earned_points": result.get("accrual_points", 0) if sale.member else 0,
        "change_minor": result.get("change_minor", 0),
        **_totals(sale),
        **_member(sale.member),
    }
    return shown.model_copy(update=about)


def _member(card: MemberCard | None) -> dict[str, object]:
    if card is None:
        return {}
    return {"name": masked(card.name), "balance_points": card.balance_points}


def _totals(sale: SaleView) -> dict[str, object]:
    return {
        "gross_minor": sale.gross_minor,
        "discount_minor": sale.discount_minor,
        "redeemed_minor": sale.redeemed_minor,
        "payable_minor": sale.payable_minor,
    }


def _line(line: LineView) -> CustomerLine:
    return CustomerLine(
        name=line.name,
        qty_milli=line.qty_milli,
        unit=line.unit,
        sum_minor=line.gross_minor - line.discount_minor,
        discount_minor=line.discount_minor,
    )
