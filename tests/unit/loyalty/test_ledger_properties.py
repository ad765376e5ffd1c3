"""What holds after any course of events on one member's books."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from loyalty import ledger, lots
from loyalty.ledger import AVAILABLE, HELD, OVERDRAFT, PENDING, PROGRAMME, Books
from loyalty.lots import Slice

TODAY = "2026-11-22"
DAYS = st.sampled_from(["2026-11-20", "2026-11-22", "2026-12-01", "2027-03-01", lots.NEVER])
POINTS = st.integers(1, 5_000)


def slices(least: int = 0):
    made = st.tuples(st.sampled_from("abcdef"), POINTS, DAYS).map(lambda t: Slice(*t))
    return st.lists(made, min_size=least, max_size=6).map(lambda parts: lots.add((), parts))


@given(slices(), st.integers(0, 40_000))
def test_a_take_is_exact_ordered_and_leaves_the_rest(parts, wanted):
    taken = lots.take_up_to(parts, wanted)
    assert lots.total(taken) == min(wanted, lots.total(parts))
    left = lots.subtract(parts, taken)
    assert lots.add(left, taken) == parts
    assert not taken or not left or max(s.key for s in taken) <= min(s.key for s in left)


@given(
    slices(),
    st.lists(
        st.tuples(st.sampled_from(["hold:x", "lease:y", AVAILABLE]), POINTS), min_size=1, max_size=3
    ),
)
def test_reversal_restores_exactly_the_lots_and_the_overdraft(parts, wanted):
    books = Books(1)
    for part in parts:
        books = ledger.post(books, ledger.accrue(books, "a", part, pending=False))
    entry = ledger.redeem(books, "r", wanted)
    asked = sum(points for _, points in wanted)
    assert entry.points == asked
    assert sum(m.points for m in entry.allocations) == min(asked, lots.total(parts))
    after = ledger.post(books, entry)
    spent = tuple(Slice(m.lot_id, m.points, m.expires_on) for m in entry.allocations)
    undo = ledger.reverse_redemption(after, "v", spent, asked - lots.total(spent), today=TODAY)
    assert ledger.post(after, undo) == books


class AnyCourse(RuleBasedStateMachine):
    """Random earning, lending, spending and undoing; the books are also kept naively."""

    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(1)
        self.entries: list[ledger.Entry] = []
        self.serial = 0

    def _id(self, kind: str) -> str:
        self.serial += 1
        return f"{kind}{self.serial}"

    def _post(self, entry: ledger.Entry | None) -> None:
        if entry is not None:
            self.books = ledger.post(self.books, entry)
            self.entries.append(entry)

    @rule(points=POINTS, expires_on=DAYS, pending=st.booleans())
    def earn(self, points, expires_on, pending):
        lot = Slice(self._id("lot"), points, expires_on)
        self._post(ledger.accrue(self.books, self._id("e"), lot, pending=pending))

    @rule()
    def mature(self):
        for part in self.books.at(PENDING)[:1]:
            self._post(ledger.mature(self.books, self._id("e"), part.lot_id))

    @rule(points=POINTS, place=st.sampled_from(["hold", "lease"]))
    def set_aside(self, points, place):
        points = min(points, self.books.balance(AVAILABLE))
        if points and place == "hold":
            self._post(ledger.hold(self.books, self._id("e"), "x", points))
        elif points:
            self._post(ledger.grant(self.books, self._id("e"), "y", points))

    @rule(place=st.sampled_from(["hold:x", "lease:y"]))
    def give_back(self, place):
        self._post(ledger.give_back(self.books, self._id("e"), place))

    @rule(target=sales, points=POINTS, place=st.sampled_from(["hold:x", "lease:y", AVAILABLE]))
    def spend(self, points, place):
        self._post(ledger.redeem(self.books, self._id("e"), [(place, points)]))
        return self.entries[-1]

    @rule(sale=consumes(sales), grace=st.sampled_from([0, 14]))
    def undo(self, sale, grace):
        spent = tuple(Slice(m.lot_id, m.points, m.expires_on) for m in sale.allocations)
        overdrawn = sale.points - lots.total(spent)
        before = lots.total(self.books.at(AVAILABLE))
        self._post(
            ledger.reverse_redemption(
                self.books, self._id("e"), spent, overdrawn, today=TODAY, grace_days=grace
            )
        )
        assert self.books.balance(AVAILABLE) >= before + lots.total(spent)

    @rule()
    def settle(self):
        self._post(ledger.repay(self.books, self._id("e")))
        self._post(ledger.expire(self.books, self._id("e"), TODAY))

    @rule()
    def forgive(self):
        self._post(ledger.write_off(self.books, self._id("e")))

    @invariant()
    def every_entry_is_even_and_balances_are_their_legs(self):
        sums: dict[str, int] = {}
        for entry in self.entries:
            assert sum(leg.amount for leg in entry.legs) == 0
            for leg in entry.legs:
                sums[leg.account] = sums.get(leg.account, 0) + leg.amount
        assert sum(sums.values()) == 0
        own = {name: points for name, points in sums.items() if name not in PROGRAMME and points}
        assert own == dict(self.books.balances)

    @invariant()
    def lots_stand_behind_every_balance(self):
        for place, account in (
            (AVAILABLE, AVAILABLE),
            (PENDING, PENDING),
            ("hold:x", HELD),
            ("lease:y", "lease:y"),
        ):
            assert lots.total(self.books.at(place)) == self.books.balance(account)
        assert self.books.balance(OVERDRAFT) <= 0


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
