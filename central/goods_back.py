"""What is left of a sale, for whichever register its goods come back to.

A register knows the shares of its own sales alone. Online it asks here and returns lines as if the
sale were its own; offline it names lines and quantities, and their points are worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from central.db.bulk import Connection
from central.facts import Understood
from central.instants import to_text
from central.member_store import load_members
from loyalty.errors import InvalidReturn
from loyalty.returns import take_back
from sync.contract.live import SoldReply, SoldRequest, SoldSale
from sync.contract.messages import WireSale, WireSaleReturn, WireSaleVoided
from sync.contract.sold import given_of, sold_of, within
from sync.serving.port import Refused

BY_LINES = 3
_LIVES = 20
_SUBJECT = (
    "select register_id, epoch, seq, member_id, gone_to::text from subject"
    " where subject_id = %s and kind = 'sale' order by register_id limit 1"
)
_RETURNS = "select register_id, epoch, seq from subject where sale_id = %s and kind = 'return'"
_BODY = "select body from inbox where register_id = %s and epoch = %s and seq = %s"
_GONE = (
    "select subject_id::text, gone_to::text from subject"
    " where subject_id = any(%s::uuid[]) and gone_to <> subject_id"
)


def tell_sold(connection: Connection, request: SoldRequest, now: datetime) -> SoldReply:
    """The sale, or the latest ones of the member; none when it is voided or not known."""
    if (request.sale_id is None) == (request.member_id is None):
        raise Refused(422, "bad_message", "give either sale_id or member_id")
    asked = _sold(connection, request.sale_id) if request.sale_id else None
    found = [asked] if asked else []
    member_id = request.member_id or (asked.sale.member_id if asked else None)
    ids = [member_id] if member_id is not None else []
    member = load_members(connection, ids, lock=False).get(member_id or 0)
    if member is not None and request.member_id is not None:
        known = (_sold(connection, str(each["sale_id"])) for each in member.purchases)
        found = [each for each in known if each is not None]
    balance = member.books.spendable_total if member is not None else None
    return SoldReply(sales=found, balance_points=balance, server_time=to_text(now))


def _sold(connection: Connection, sale_id: str) -> SoldSale | None:
    for _ in range(_LIVES):
        row = connection.execute(_SUBJECT, [sale_id]).fetchone()
        if row is None:
            return None
        if row[4] is None:
            sale = _sale(connection, row[:3])
            return SoldSale(sale=sale, returns=_returns(connection, sale_id)) if sale else None
        if row[4] == sale_id:
            return None
        sale_id = row[4]
    return None


def _sale(connection: Connection, key: Sequence[object]) -> WireSale | None:
    row = connection.execute(_BODY, key).fetchone()
    return WireSale.model_validate_json(bytes(row[0])) if row else None


def _returns(connection: Connection, sale_id: str) -> list[WireSaleReturn]:
    found = []
    for key in connection.execute(_RETURNS, [sale_id]).fetchall():
        row = connection.execute(_BODY, key).fetchone()
        if row is not None:
            found.append(WireSaleReturn.model_validate_json(bytes(row[0])))
    return found


# --- returns that wait for their points ---------------------------------------------------------


def ready(connection: Connection, facts: Sequence[Understood]) -> Sequence[Understood]:
    """The facts with returns as they are applied: under the present life of their sale, and with
    the points of their goods where they name goods alone. A sale that is not known yet changes
    nothing: its return waits."""
    backs = [fact.message for fact in facts if isinstance(fact.message, WireSaleReturn)]
    if not backs:
        return facts
    wanted = [back.sale_id for back in backs]
    around = _Around(connection, dict(connection.execute(_GONE, [wanted]).fetchall()))
    return [around.ready(fact) for fact in facts]


@dataclass(slots=True)
class _Around:
    """What stands before a fact: in the database, and earlier in its batch."""

    connection: Connection
    gone: dict[str, str]
    sales: dict[str, WireSale] = field(default_factory=dict)
    returns: dict[str, list[WireSaleReturn]] = field(default_factory=dict)

    def ready(self, fact: Understood) -> Understood:
        message = fact.message
        if isinstance(message, WireSale):
            self.sales[message.sale_id] = message
        elif isinstance(message, WireSaleVoided) and message.reassigned_to:
            self.gone[message.sale_id] = message.reassigned_to
        elif isinstance(message, WireSaleReturn):
            back = self._back(message)
            self.returns.setdefault(back.sale_id, []).append(back)
            return replace(fact, message=back)
        return fact

    def _back(self, back: WireSaleReturn) -> WireSaleReturn:
        for _ in range(_LIVES):
            if back.sale_id not in self.gone:
                break
            back = back.model_copy(update={"sale_id": self.gone[back.sale_id]})
        if back.version < BY_LINES:
            return back
        sale = self.sales.get(back.sale_id)
        stored = self.connection.execute(_SUBJECT, [back.sale_id]).fetchone()
        if sale is None and stored is not None:
            sale = _sale(self.connection, stored[:3])
        if sale is None and stored is None:
            return back
        known = _returns(self.connection, back.sale_id)
        in_batch = self.returns.get(back.sale_id, ())
        return _with_points(sale, back, _once((*known, *in_batch), back.return_id))


def _once(returns: Iterable[WireSaleReturn], but: str) -> list[WireSaleReturn]:
    found = {each.return_id: each for each in returns}
    return [each for return_id, each in found.items() if return_id != but]


def _with_points(
    sale: WireSale | None, back: WireSaleReturn, earlier: Sequence[WireSaleReturn]
) -> WireSaleReturn:
    """Never more than is left. Of a sale whose body is no longer kept no points are known."""
    none = {"version": 2, "restored_points": 0, "reversed_points": 0, "is_complete": False}
    asked: dict[str, int] = {}
    for line in back.lines:
        asked[line.line_id] = asked.get(line.line_id, 0) + line.qty_milli
    try:
        if sale is None:
            return back.model_copy(update=none)
        sold = sold_of(sale)
        given = given_of(sold, earlier)
        refund = take_back(sold, within(sold, given, asked), 0, given)
    except InvalidReturn:
        return back.model_copy(update=none)
    return back.model_copy(
        update={
            "version": 2,
            "restored_points": refund.restored_points,
            "reversed_points": refund.accrual_points,
            "is_complete": refund.is_complete,
        }
    )
