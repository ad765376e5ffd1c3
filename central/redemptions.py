"""Burning points that a register has approved: never refused, for the goods are gone.

The order is hold, lease, purse, available, overdraft; an overdraft is tagged with the layer that
approved what was not there, and every lease of the member is asked back for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from central import overdrafts
from central.facts import Understood
from central.leases import ask_back, honour_claims, may_use, own_lease
from central.member_state import Cause, Lease, MemberState, SaleState, Sighting
from loyalty import ledger, lots
from loyalty.ledger import AVAILABLE, OVERDRAFT, hold_place, lease_place, purse_place
from loyalty.lots import Slice
from sync.contract.messages import WireRedemption, WireSale


def redeem(
    member: MemberState,
    fact: Understood,
    state: SaleState,
    sale: WireSale,
    cause: Cause,
    *,
    is_restoring: bool,
    lives: Collection[tuple[str, int]] = (),
) -> None:
    """Post one sale's redemption; what its hold has over is released. While the centre is
    restoring, `lives` are the (register, epoch) of the sale's store."""
    redemption = sale.redemption
    assert redemption is not None
    claimed = min(redemption.hold_points, redemption.points)
    is_used = bool(claimed or (redemption.purse_serial and redemption.purse_points))
    held = _settle_hold(member, cause, redemption.auth_id, claimed, is_used=is_used)
    if not redemption.points:
        return
    parts = _parts(member, fact, redemption, held)
    if is_restoring and parts[1][2]:
        _debit_forgotten(member, fact, redemption.lease_id, parts[1][2], cause, lives)
        parts = _parts(member, fact, redemption, held)
    wanted = [(place, points) for _, place, points in parts]
    short = ledger.shortages(member.books, wanted)
    entry = ledger.redeem(member.books, member.next_id(cause), wanted)
    member.post(entry, cause)
    state.redeemed = redemption.points
    state.redemption_entry = entry.entry_id
    member.spent[entry.entry_id] = lots.add(
        (), (Slice(move.lot_id, move.points, move.expires_on) for move in entry.allocations)
    )
    overdrafts.tag(
        member, cause, ((layer, gap) for (layer, _, _), gap in zip(parts, short, strict=True))
    )
    if any(short):
        owed = -member.books.balance(OVERDRAFT)
        ask_back(member, member.leases.values(), owed, f"owed:{cause.key}")
    if redemption.purse_serial and redemption.purse_points:
        member.sightings.append(_sighting(fact, sale, redemption))


def _parts(
    member: MemberState, fact: Understood, redemption: WireRedemption, held: str
) -> Sequence[tuple[str, str, int]]:
    """(layer, place, points) in the order of burning; together they are the redemption."""
    left = redemption.points
    found = []
    lease = _lease_to_burn(member, fact, redemption.lease_id)
    purse = purse_place(redemption.purse_serial) if redemption.purse_serial else AVAILABLE
    for layer, place, points in (
        ("online", held, redemption.hold_points),
        ("lease", lease, redemption.lease_points),
        ("purse", purse, redemption.purse_points),
        ("cache", AVAILABLE, redemption.cache_points),
    ):
        part = min(points, left)
        left -= part
        found.append((layer, place, part))
    rest = redemption.layer if redemption.layer != "declined" else "online"
    return (*found, (rest, AVAILABLE, left))


def _lease_to_burn(member: MemberState, fact: Understood, lease_id: str) -> str:
    """The lease's place when this register may spend of it, else available."""
    lease = member.leases.get(lease_id)
    if lease and may_use(lease, fact.register_id, fact.store_id, fact.epoch):
        return lease_place(lease_id)
    return AVAILABLE


def _debit_forgotten(
    member: MemberState,
    fact: Understood,
    lease_id: str,
    points: int,
    cause: Cause,
    lives: Collection[tuple[str, int]],
) -> None:
    """A restored centre may have forgotten the grant that this burn rests on: it is granted
    again, so that the lease's total at the centre goes on as the register counts it. A lease of
    another register of the store is its hub's, also where that term is forgotten."""
    own = (fact.register_id, fact.epoch)
    holder = next((e for e in (own, *lives) if own_lease(lease_id, *e, member.member_id)), None)
    if holder is None:
        return
    lease = member.leases.get(lease_id)
    if lease is None:
        lease = Lease(lease_id, holder[0], fact.store_id, holder[1], 0, "open")
        member.leases[lease_id] = lease
    if holder != own:
        lease.is_hub = True
    missing = points - member.books.balance(lease_place(lease_id))
    if missing > 0:
        lease.claimed = max(lease.claimed, lease.granted + missing)
        member.touch("lease", lease_id)
        honour_claims(member, cause)


def _settle_hold(
    member: MemberState, cause: Cause, auth_id: str, claimed: int, *, is_used: bool
) -> str:
    """Close the register's own open hold and name the place to burn from. What the sale does
    not claim becomes available first, so that the rest of the redemption can draw on it."""
    hold = member.holds.get(auth_id)
    if hold is None or hold.state != "open" or hold.register_id != cause.register_id:
        return AVAILABLE
    place = hold_place(auth_id)
    member.post(ledger.give_back(member.books, member.next_id(cause), place, keep=claimed), cause)
    hold.state = "used" if is_used else "voided"
    member.touch("hold", auth_id)
    return place


def _sighting(fact: Understood, sale: WireSale, redemption: WireRedemption) -> Sighting:
    return Sighting(
        redemption.purse_serial,
        sale.sale_id,
        fact.register_id,
        fact.store_id,
        fact.epoch,
        fact.seq,
        redemption.purse_points,
        redemption.link_index,
        sale.occurred_at[:40].replace("\x00", ""),
    )
