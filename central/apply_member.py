"""What each kind of fact does to one member. Facts are never refused: the goods are gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from central import member_coupons, overdrafts
from central.facts import Understood
from central.leases import Till, count_visit, ensure_leases, honour_claims, may_use
from central.member_state import Cause, MemberState, ReturnState, SaleState
from central.redemptions import redeem
from loyalty import ledger, lots
from loyalty.authorisation.conditions import b3_logged
from loyalty.authorisation.policy import Policy
from loyalty.ledger import OVERDRAFT, lease_place
from loyalty.lots import NEVER, Slice
from sync.contract.messages import (
    WireLeaseClose,
    WirePrintVerdict,
    WireSale,
    WireSaleReturn,
    WireSaleVoided,
)
from sync.contract.rights import WireLeaseReturned

RETURN_GRACE_DAYS = 14
_ITEMS_REMEMBERED = 3
_ITEM_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """What applying needs to know beside the facts: the Ukrainian date at the centre, the tills
    of the stores concerned, whether leases may be out that the centre has forgotten and, while
    they may, the (register, epoch) of the stores; points that stay back for forgotten purses."""

    today: str
    tills: Mapping[str, Sequence[Till]] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    is_restoring: bool = False
    lives: Mapping[str, Collection[tuple[str, int]]] = field(default_factory=dict)
    kept_back: int = 0


def apply_to_member(member: MemberState, fact: Understood, setting: Setting) -> None:
    """Change the member as the fact says; what was done before is not done again."""
    message = fact.message
    if isinstance(message, WireSale):
        _sale(member, fact, message, setting)
    elif isinstance(message, WirePrintVerdict):
        _print_verdict(member, fact, message, setting)
    elif isinstance(message, WireSaleVoided):
        _voided(member, fact, message, setting)
    elif isinstance(message, WireSaleReturn):
        _returned(member, fact, message, setting)
    elif isinstance(message, WireLeaseClose):
        _lease_closed(member, fact, message)
    elif isinstance(message, WireLeaseReturned):
        _lease_returned(member, fact, message)
    cause = _cause(fact)
    if member.books.balance(OVERDRAFT):
        member.post(ledger.repay(member.books, member.next_id(cause)), cause)
    honour_claims(member, cause)
    if isinstance(message, WireSale):
        tills = setting.tills.get(fact.store_id, ())
        ensure_leases(member, fact.store_id, tills, cause, setting.policy, setting.kept_back)


def _cause(fact: Understood, subject_id: str | None = None, layer: str = "") -> Cause:
    key = fact.cause_key
    return Cause(key, fact.register_id, fact.store_id, layer, fact.epoch, fact.seq, subject_id)


# --- sale -------------------------------------------------------------------------------------


def _sale(member: MemberState, fact: Understood, sale: WireSale, setting: Setting) -> None:
    if sale.sale_id in member.sales:
        return
    state = SaleState(
        sale.sale_id,
        fact.register_id,
        fact.store_id,
        fact.epoch,
        fact.seq,
        state="open",
        redeemed=0,
        redemption_entry=None,
        accrued=0,
        accrual_lot=None,
        accrual_state="none",
    )
    member.sales[sale.sale_id] = state
    member.touch("sale", sale.sale_id)
    if sale.redemption is not None:
        cause = _cause(fact, sale.sale_id, sale.redemption.layer)
        lives = setting.lives.get(fact.store_id, ())
        redeem(member, fact, state, sale, cause, is_restoring=setting.is_restoring, lives=lives)
    if sale.accrual_points:
        _accrue(member, fact, state, sale)
    member.home_store = member.home_store or fact.store_id
    count_visit(member, fact.store_id)
    member_coupons.apply_sale(member, sale, setting.today)
    member.remember_purchase(
        {
            "sale_id": sale.sale_id,
            "at": sale.occurred_at,
            "total_minor": sale.payable_minor,
            "items": [
                line.name[:_ITEM_LENGTH].replace("\x00", "")
                for line in sale.lines[:_ITEMS_REMEMBERED]
            ],
        }
    )


def _accrue(member: MemberState, fact: Understood, state: SaleState, sale: WireSale) -> None:
    cause = _cause(fact, sale.sale_id)
    expires_on = sale.accrual_expires_on or NEVER
    lot = Slice(f"sale:{sale.sale_id}", sale.accrual_points, expires_on)
    pending = sale.fiscal == "pending"
    member.post(ledger.accrue(member.books, member.next_id(cause), lot, pending=pending), cause)
    state.accrued = sale.accrual_points
    state.accrual_lot = lot.lot_id
    state.accrual_state = "pending" if pending else "posted"


# --- paper, void, return ------------------------------------------------------------------------


def _print_verdict(
    member: MemberState, fact: Understood, verdict: WirePrintVerdict, setting: Setting
) -> None:
    """`printed` makes a pending accrual, or a pending return, count; the other verdicts wait."""
    if verdict.verdict != "printed":
        return
    cause = _cause(fact, verdict.subject_id)
    member_coupons.confirm(member, verdict.subject_id)
    sale = member.sales.get(verdict.subject_id)
    if sale and sale.state != "voided" and sale.accrual_state == "pending" and sale.accrual_lot:
        entry_id = member.next_id(cause)
        member.post(ledger.mature(member.books, entry_id, sale.accrual_lot), cause)
        sale.accrual_state = "posted"
        member.touch("sale", sale.sale_id)
    returned = member.returns.get(verdict.subject_id)
    if returned and returned.state == "pending":
        _post_return(member, returned, cause, setting)


def _voided(member: MemberState, fact: Understood, void: WireSaleVoided, setting: Setting) -> None:
    sale = member.sales.get(void.sale_id)
    if sale and sale.state == "open":
        cause = _cause(fact, sale.sale_id)
        left = (sale.redeemed_left, sale.accrued_left)
        _undo(member, sale, *left, cause, setting.today, grace_days=0)
        sale.state = "voided"
        member.forget_purchase(sale.sale_id)
        member_coupons.undo(member, sale.sale_id, is_void=True)


def _returned(
    member: MemberState, fact: Understood, back: WireSaleReturn, setting: Setting
) -> None:
    if back.return_id in member.returns:
        return
    returned = ReturnState(back.return_id, back.sale_id, "pending")
    if back.version > 1:
        returned.restored, returned.reversed = back.restored_points, back.reversed_points
        returned.is_complete = back.is_complete
    member.returns[back.return_id] = returned
    member.touch("sale_return", back.return_id)
    if back.fiscal == "none":
        _post_return(member, returned, _cause(fact, back.return_id), setting)


def _post_return(
    member: MemberState, returned: ReturnState, cause: Cause, setting: Setting
) -> None:
    """Never over what the sale did: a second register may bring back the same goods."""
    sale = member.sales.get(returned.sale_id)
    member.touch("sale_return", returned.return_id)
    is_whole = returned.restored is None
    if sale is None or sale.state == "voided" or (is_whole and sale.state == "returned"):
        returned.state = "idle"
        return
    restored = min(sale.redeemed_left, sale.redeemed if is_whole else returned.restored or 0)
    taken = min(sale.accrued_left, sale.accrued if is_whole else returned.reversed or 0)
    _undo(member, sale, restored, taken, cause, setting.today, grace_days=RETURN_GRACE_DAYS)
    returned.state = "posted"
    if returned.is_complete and sale.state == "open":
        sale.state = "returned"
        member.forget_purchase(sale.sale_id)
        member_coupons.undo(member, sale.sale_id, is_void=False)


def _undo(
    member: MemberState,
    sale: SaleState,
    restored: int,
    taken: int,
    cause: Cause,
    today: str,
    *,
    grace_days: int,
) -> None:
    """Redeemed points back into their lots first, so that the accrual's reversal may use them."""
    if sale.redemption_entry and restored:
        _restore(member, sale, restored, cause, today, grace_days)
    if sale.accrual_lot and taken:
        entry_id = member.next_id(cause)
        if sale.accrual_state == "pending":
            entry = ledger.cancel_pending(member.books, entry_id, sale.accrual_lot, taken)
        else:
            entry = ledger.reverse_accrual(member.books, entry_id, sale.accrual_lot, taken)
        member.post(entry, cause)
        sale.reversed += taken
        if not sale.accrued_left:
            sale.accrual_state = "reversed"
    member.touch("sale", sale.sale_id)


def _restore(
    member: MemberState, sale: SaleState, points: int, cause: Cause, today: str, grace_days: int
) -> None:
    """Undo a redemption from its end: the overdraft, then the lots that expire last."""
    spent = member.spent[sale.redemption_entry or ""]
    overdrawn = max(0, sale.redeemed - lots.total(spent) - sale.restored)
    from_overdraft = min(points, overdrawn)
    skip = max(0, sale.restored - (sale.redeemed - lots.total(spent)))
    parts = lots.last_first(spent, skip, points - from_overdraft)
    entry = ledger.reverse_redemption(
        member.books,
        member.next_id(cause),
        parts,
        from_overdraft,
        today=today,
        grace_days=grace_days,
        lost=overdrafts.take_back(member, sale.sale_id, from_overdraft),
    )
    member.post(entry, cause)
    sale.restored += points


# --- lease ------------------------------------------------------------------------------------


def _lease_closed(member: MemberState, fact: Understood, close: WireLeaseClose) -> None:
    """Only the register that holds a lease closes it."""
    lease = member.leases.get(close.lease_id)
    if lease is None or lease.state == "closed" or lease.register_id != fact.register_id:
        return
    if lease.epoch != fact.epoch:
        return
    cause = _cause(fact)
    place = lease_place(lease.lease_id)
    lease.returned += member.books.balance(place)
    member.post(ledger.give_back(member.books, member.next_id(cause), place), cause)
    lease.state, lease.recall_id, lease.recall_points = "closed", "", 0
    member.touch("lease", lease.lease_id)


def _lease_returned(member: MemberState, fact: Understood, back: WireLeaseReturned) -> None:
    """So much of a lease comes back, never more than rests there; a recall has its answer."""
    lease = member.leases.get(back.lease_id)
    if lease is None or not may_use(lease, fact.register_id, fact.store_id, fact.epoch):
        return
    cause = _cause(fact)
    place = lease_place(lease.lease_id)
    there = member.books.balance(place)
    points = min(back.points, there)
    b3_logged(points, back.points)
    if points:
        entry = ledger.give_back(member.books, member.next_id(cause), place, keep=there - points)
        member.post(entry, cause)
        lease.returned += points
    is_own = (lease.register_id, lease.epoch) == (fact.register_id, fact.epoch)
    if is_own and back.recall_id and back.recall_id == lease.recall_id:
        lease.recall_id, lease.recall_points = "", 0
    member.touch("lease", lease.lease_id)
