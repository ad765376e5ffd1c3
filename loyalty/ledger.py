"""Append-only double entry over a member's points.

Places of a member's points: `available`, `pending`, `hold:<auth_id>` (booked on the account
`held`), `lease:<lease_id>`, `purse:<serial>`, and `overdraft`, whose balance is never above zero.
Accounts of the programme: `issued`, `redeemed`, `expired`, `adjustment`, `offline_loss`; their legs
carry the member's id, so that every entry lives in one shard. A leg is what an account gains, and
the legs of an entry sum to zero.

Every function here is pure: it reads `Books` and returns the `Entry` to append; `post` gives the
books after it. Model: TigerBeetle (transfers are immutable, a correction is a further transfer)
and lots with allocation rows, so that a reversal re-opens exactly the lots that were spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeVar

from loyalty import lots
from loyalty.errors import InvalidEntry
from loyalty.lots import NEVER, Slice, Slices

T = TypeVar("T")
AVAILABLE = "available"
PENDING = "pending"
HELD = "held"
OVERDRAFT = "overdraft"
ISSUED = "issued"
REDEEMED = "redeemed"
EXPIRED = "expired"
ADJUSTMENT = "adjustment"
OFFLINE_LOSS = "offline_loss"
PROGRAMME = frozenset({ISSUED, REDEEMED, EXPIRED, ADJUSTMENT, OFFLINE_LOSS})

EntryKind = Literal[
    "opening",
    "accrual",
    "maturity",
    "redemption",
    "hold",
    "release",
    "grant",
    "purse",
    "close",
    "reversal",
    "accrual_reversal",
    "repayment",
    "repayment_reversal",
    "expiry",
    "write_off",
    "annulment",
    "adjustment",
    "transfer",
]


def hold_place(auth_id: str) -> str:
    """Where the points of one online authorisation rest."""
    return f"hold:{auth_id}"


def lease_place(lease_id: str) -> str:
    """Where the points lent to one register rest."""
    return f"lease:{lease_id}"


def purse_place(serial: int) -> str:
    """Where the points of one signed purse rest."""
    return f"purse:{serial}"


def account_of(place: str) -> str:
    """The account that a place is booked on: all holds share `held`."""
    return HELD if place.startswith("hold:") else place


class Leg(NamedTuple):
    """What one account gains (negative: loses), in hundredths of a bonus."""

    account: str
    amount: int


class Move(NamedTuple):
    """Points going from one place to another. `lot_id` is empty where no lot stands behind
    them: what is drawn from or given back to the overdraft itself."""

    source: str
    target: str
    points: int
    lot_id: str = ""
    expires_on: str = NEVER
    reopened_on: str = ""
    """Expiry under which the lot arrives, when it differs from `expires_on`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable fact of the ledger; its allocation rows are the moves that carry a lot.

    `legs` follow from the moves: net gain per account, in order of first mention, even ones left
    out."""

    entry_id: str
    member_id: int
    kind: EntryKind
    moves: tuple[Move, ...]
    legs: tuple[Leg, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sums: dict[str, int] = {}
        for move in self.moves:
            source, target = account_of(move.source), account_of(move.target)
            sums[source] = sums.get(source, 0) - move.points
            sums[target] = sums.get(target, 0) + move.points
        legs = tuple([Leg(account, amount) for account, amount in sums.items() if amount])
        object.__setattr__(self, "legs", legs)

    @property
    def points(self) -> int:
        """All points that this entry moves."""
        return sum(move.points for move in self.moves)

    @property
    def allocations(self) -> tuple[Move, ...]:
        """Which lots the entry touched."""
        return tuple(move for move in self.moves if move.lot_id)


@dataclass(frozen=True, slots=True)
class Books:
    """A member's balances per account and slices per place. Slices at `overdraft` remember
    which lots went into repaying it."""

    member_id: int
    balances: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    slices: Mapping[str, Slices] = field(default_factory=lambda: MappingProxyType({}))

    def at(self, place: str) -> Slices:
        """The slices that rest in a place."""
        return self.slices.get(place, ())

    def balance(self, account: str) -> int:
        """Balance of one account of the member; `overdraft` is zero or negative."""
        return self.balances.get(account, 0)

    @property
    def spendable_total(self) -> int:
        """What the member is shown: available + held + all leases − overdraft; not pending."""
        return sum(points for account, points in self.balances.items() if account != PENDING)


def checked(entry: Entry) -> Entry:
    """The entry, or `InvalidEntry` when it moves nothing, a non-positive amount, or is not even."""
    if not entry.moves:
        raise InvalidEntry("empty_entry", f"{entry.kind} moves nothing")
    for move in entry.moves:
        if move.points <= 0 or move.source == move.target:
            raise InvalidEntry("bad_move", f"{move.source} → {move.target}: {move.points}")
    check_legs(entry.legs)
    return entry


def check_legs(legs: Iterable[Leg]) -> None:
    """`InvalidEntry` with code `unbalanced` unless the legs sum to zero."""
    if gap := sum(leg.amount for leg in legs):
        raise InvalidEntry("unbalanced", f"legs sum to {gap}, not to zero")


def post(books: Books, entry: Entry) -> Books:
    """The books after the entry; `InvalidEntry` when a place would hold less than nothing."""
    checked(entry)
    if entry.member_id != books.member_id:
        raise InvalidEntry("wrong_member", f"entry {entry.entry_id} is another member's")
    balances = {**books.balances}
    for account, amount in entry.legs:
        if account not in PROGRAMME:
            _keep(balances, account, balances.get(account, 0) + amount)
            _check_sign(account, balances.get(account, 0))
    slices = {**books.slices}
    for source, target, points, lot_id, expires_on, reopened_on in entry.moves:
        if lot_id and source not in PROGRAMME:
            part = Slice(lot_id, points, expires_on)
            _keep(slices, source, lots.subtract(slices.get(source, ()), (part,)))
        if lot_id and target not in PROGRAMME:
            part = Slice(lot_id, points, reopened_on or expires_on)
            _keep(slices, target, lots.add(slices.get(target, ()), (part,)))
    return Books(books.member_id, MappingProxyType(balances), MappingProxyType(slices))


def _keep(held: dict[str, T], place: str, value: T) -> None:
    """Set, or forget what is nothing."""
    if value:
        held[place] = value
    else:
        held.pop(place, None)


def _check_sign(account: str, balance: int) -> None:
    if (balance > 0) if account == OVERDRAFT else (balance < 0):
        raise InvalidEntry("overdrawn", f"account {account} would stand at {balance}", account)


def moves_of(parts: Iterable[Slice], source: str, target: str) -> tuple[Move, ...]:
    """These slices from one place to another."""
    return tuple(Move(source, target, p.points, p.lot_id, p.expires_on) for p in parts)


# --- earning ---------------------------------------------------------------------------------


def accrue(
    books: Books,
    entry_id: str,
    lot: Slice,
    *,
    pending: bool,
    kind: Literal["accrual", "opening"] = "accrual",
) -> Entry:
    """A new lot out of `issued`: pending until its paper came out, else available at once."""
    target = PENDING if pending else AVAILABLE
    return checked(Entry(entry_id, books.member_id, kind, moves_of((lot,), ISSUED, target)))


def mature(books: Books, entry_id: str, lot_id: str) -> Entry:
    """A pending lot becomes available."""
    moves = moves_of(lots.of_lot(books.at(PENDING), lot_id), PENDING, AVAILABLE)
    return checked(Entry(entry_id, books.member_id, "maturity", moves))


def cancel_pending(books: Books, entry_id: str, lot_id: str, points: int | None = None) -> Entry:
    """A pending lot, or `points` of it, goes back where it came from."""
    there = lots.of_lot(books.at(PENDING), lot_id)
    parts = there if points is None else lots.take(there, points)
    moves = moves_of(parts, PENDING, ISSUED)
    return checked(Entry(entry_id, books.member_id, "accrual_reversal", moves))


def reverse_accrual(books: Books, entry_id: str, lot_id: str, points: int) -> Entry:
    """Take back earned points: from their own lot, then from other available lots, then as
    overdraft."""
    own = lots.take_up_to(lots.of_lot(books.at(AVAILABLE), lot_id), points)
    others = lots.subtract(books.at(AVAILABLE), own)
    rest = lots.take_up_to(others, points - lots.total(own))
    missing = points - lots.total(own) - lots.total(rest)
    moves = moves_of((*own, *rest), AVAILABLE, ISSUED)
    if missing:
        moves += (Move(OVERDRAFT, ISSUED, missing),)
    return checked(Entry(entry_id, books.member_id, "accrual_reversal", moves))


# --- setting aside ---------------------------------------------------------------------------


def hold(books: Books, entry_id: str, auth_id: str, points: int) -> Entry:
    """Set points aside for one sale; `InvalidEntry` when they are not available."""
    parts = lots.take(books.at(AVAILABLE), points)
    moves = moves_of(parts, AVAILABLE, hold_place(auth_id))
    return checked(Entry(entry_id, books.member_id, "hold", moves))


def fill_purse(books: Books, entry_id: str, serial: int, points: int) -> Entry:
    """Set points aside for a signed purse; `InvalidEntry` when they are not available."""
    parts = lots.take(books.at(AVAILABLE), points)
    moves = moves_of(parts, AVAILABLE, purse_place(serial))
    return checked(Entry(entry_id, books.member_id, "purse", moves))


def grant(books: Books, entry_id: str, lease_id: str, points: int) -> Entry:
    """Lend points to a register; `InvalidEntry` when they are not available."""
    parts = lots.take(books.at(AVAILABLE), points)
    moves = moves_of(parts, AVAILABLE, lease_place(lease_id))
    return checked(Entry(entry_id, books.member_id, "grant", moves))


def give_back(books: Books, entry_id: str, place: str, *, keep: int = 0) -> Entry | None:
    """What a hold (`release`), a lease or purse (`close`) holds over `keep` becomes available.

    The points that expire first stay, for they are the next to be spent."""
    kept = lots.take_up_to(books.at(place), keep)
    moves = moves_of(lots.subtract(books.at(place), kept), place, AVAILABLE)
    if not moves:
        return None
    kind: EntryKind = "release" if account_of(place) == HELD else "close"
    return checked(Entry(entry_id, books.member_id, kind, moves))


# --- spending --------------------------------------------------------------------------------


def redeem(books: Books, entry_id: str, wanted: Iterable[tuple[str, int]]) -> Entry:
    """Burn points that were already given as a discount, so never refused.

    `wanted` is (place, points) in order; what a place is short of comes from `available`, and what
    that is short of from the overdraft.
    """
    left = dict(books.slices)
    moves: list[Move] = []
    missing = 0
    for place, points in wanted:
        parts = lots.take_up_to(left.get(place, ()), points)
        left[place] = lots.subtract(left.get(place, ()), parts)
        moves.extend(moves_of(parts, place, REDEEMED))
        missing += points - lots.total(parts)
    parts = lots.take_up_to(left.get(AVAILABLE, ()), missing)
    moves.extend(moves_of(parts, AVAILABLE, REDEEMED))
    if missing > lots.total(parts):
        moves.append(Move(OVERDRAFT, REDEEMED, missing - lots.total(parts)))
    return checked(Entry(entry_id, books.member_id, "redemption", tuple(moves)))


def shortages(books: Books, wanted: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """What of each part of `wanted` neither its place nor `available` covers, when it is burnt by
    `redeem`; together the overdraft of that entry. Earlier parts draw on `available` first."""
    left = {place: lots.total(books.at(place)) for place, _ in wanted}
    available = lots.total(books.at(AVAILABLE))
    missing = []
    for place, points in wanted:
        there = 0 if place == AVAILABLE else min(points, left[place])
        left[place] -= there
        covered = min(points - there, available)
        available -= covered
        missing.append(points - there - covered)
    return tuple(missing)


def reverse_redemption(
    books: Books,
    entry_id: str,
    spent: Iterable[Slice],
    overdrawn: int,
    *,
    today: str,
    grace_days: int = 0,
    lost: int = 0,
) -> Entry:
    """Undo a redemption: the same lots become available again, overdraft is taken back.

    `spent` are the redemption's allocation rows, `overdrawn` what it drew beyond them; with
    `grace_days` a lot arrives valid at least that long from `today`. Overdraft that was repaid
    since comes back as the lots that repaid it; `lost` of it was written off and leaves the loss.
    """
    moves = []
    for part in spent:
        (arriving,) = lots.reopened((part,), today, grace_days)
        reopened_on = arriving.expires_on if arriving.expires_on != part.expires_on else ""
        moves.append(
            Move(REDEEMED, AVAILABLE, part.points, part.lot_id, part.expires_on, reopened_on)
        )
    if lost:
        moves.append(Move(REDEEMED, OFFLINE_LOSS, lost))
        overdrawn -= lost
    if overdrawn:
        moves.append(Move(REDEEMED, OVERDRAFT, overdrawn))
    surplus = max(0, overdrawn + books.balance(OVERDRAFT))
    repaid = lots.take_up_to(books.at(OVERDRAFT), surplus)
    moves.extend(moves_of(repaid, OVERDRAFT, AVAILABLE))
    if surplus > lots.total(repaid):
        moves.append(Move(OVERDRAFT, OFFLINE_LOSS, surplus - lots.total(repaid)))
    return checked(Entry(entry_id, books.member_id, "reversal", tuple(moves)))


def repay(books: Books, entry_id: str) -> Entry | None:
    """Use available points to repay the overdraft; None when there is nothing to do."""
    owed = -books.balance(OVERDRAFT)
    parts = lots.take_up_to(books.at(AVAILABLE), owed) if owed else ()
    if not parts:
        return None
    moves = moves_of(parts, AVAILABLE, OVERDRAFT)
    return checked(Entry(entry_id, books.member_id, "repayment", moves))


def expire(books: Books, entry_id: str, today: str) -> Entry | None:
    """Available points past their last day go to `expired`; what is held or lent waits."""
    parts = lots.expired(books.at(AVAILABLE), today)
    if not parts:
        return None
    return checked(Entry(entry_id, books.member_id, "expiry", moves_of(parts, AVAILABLE, EXPIRED)))


def write_off(books: Books, entry_id: str, points: int | None = None) -> Entry | None:
    """An overdraft that nobody will repay, or so much of it, becomes the programme's offline
    loss."""
    owed = -books.balance(OVERDRAFT)
    owed = owed if points is None else min(owed, points)
    if not owed:
        return None
    moves = (Move(OFFLINE_LOSS, OVERDRAFT, owed),)
    return checked(Entry(entry_id, books.member_id, "write_off", moves))
