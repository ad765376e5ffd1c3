"""The shift's verbs for the API, the command line and the printer's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from drivers.base import PrintOutcome
from drivers.shift import OPENS_ITSELF, ShiftState
from edge_agent.clock import Clock, machine_boot, machine_monotonic
from edge_agent.errors import LedgerUnavailable
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.sentences import Language, sentence
from edge_agent.shift import acts
from edge_agent.shift import sign_in as signing
from edge_agent.shift.now import ShiftNow, now_of, seen_of
from edge_agent.shift.rows import NOBODY, ActRow, ShiftRow, SignInRow
from edge_agent.shift.running import age_min, begin_by_sale
from edge_agent.shift.slip import lines_of, rows_of, shift_slip_lines
from edge_agent.shift.surroundings import Owner, ShiftContext
from edge_agent.shift.views import (
    DeviceShiftView,
    ShiftView,
    WarningView,
    act_view,
    closed_totals,
    person_view,
)
from edge_agent.shift.warnings import warnings_of
from edge_agent.till_identity import TillIdentity
from loyalty.receipt import SlipRow
from loyalty.shift import ShiftTotals
from sync.contract.staff import FeedStaff, WireShiftTotals, badge_digest

STAFF_LOOK_S: Final = 5.0
_EVENTS = {
    "printed": Event.SHIFT_ACT_DONE,
    "not_printed": Event.SHIFT_ACT_REFUSED,
    "unknown": Event.SHIFT_ACT_UNKNOWN,
}


class ShiftDesk:
    """One register's shift. Methods may be called from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        who: TillIdentity,
        owner: Owner,
        staff: Callable[[], list[FeedStaff]],
        monotonic: Callable[[], float] = machine_monotonic,
        boot: Callable[[], str] = machine_boot,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._who = who
        self._owner: Owner = owner
        self._staff = staff
        self._monotonic = monotonic
        self._boot = boot
        self._device: ShiftState | None = None
        self._unsent_min: int | None = None
        self._runs = False
        self._told: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self.on_act: Callable[[], None] = lambda: None
        self.on_fact: Callable[[], None] = lambda: None
        self.on_warning: Callable[[str], None] = lambda _code: None
        self.on_change: Callable[[], None] = lambda: None
        self._staff_seen: tuple[float, tuple[FeedStaff, ...]] | None = None
        self._look()

    def context(self) -> ShiftContext:
        """The surroundings of one call."""
        return self._moment(tuple(self._staff()))

    def _moment(self, staff: tuple[FeedStaff, ...]) -> ShiftContext:
        return ShiftContext(
            clock=self._clock,
            owner=self._owner,
            staff=staff,
            boot=self._boot(),
            mono_ms=int(self._monotonic() * 1000),
        )

    # --- who works --------------------------------------------------------------------------

    def sign_in(self, given: signing.SignIn) -> ShiftView:
        """Sign somebody in, or raise `SignInRefused`; a wrong code is counted durably."""
        self._guess(given, signing.settle)
        self._runs = True
        self._changed()
        return self.view()

    def vouch(self, given: signing.SignIn, least: str) -> FeedStaff:
        """Who answers for an act, by PIN or badge and of that role at least, without signing in.

        Raises `SignInRefused`; a wrong code counts as one at a sign-in."""
        found = self._guess(given, lambda uow, ctx, one: signing.settle_word(uow, ctx, one, least))
        if found.person is None:
            raise AssertionError("a wrong code is refused before")
        return found.person

    def is_badge(self, code: str) -> bool:
        """Whether somebody of the staff wears this badge; nothing is counted."""
        digest = badge_digest(code)
        return any(each.badge == digest for each in self._known_staff())

    def _guess(
        self,
        given: signing.SignIn,
        settle: Callable[[Store, ShiftContext, signing.Checked], str],
    ) -> signing.Checked:
        ctx = self.context()
        with self._lock:
            # One guess at a time: the lock is looked at before the slow hash, not after.
            under = given.cashier_id if ctx.person(given.cashier_id) else NOBODY
            if not given.by_pos:
                self._ledger.unit(lambda uow: signing.refuse_locked(uow, ctx, under), durable=False)
            found = signing.check(ctx, given)
            refused = self._ledger.unit(lambda uow: settle(uow, ctx, found))
        if refused:
            emit(Event.SIGN_IN_REFUSED, how=found.how)
            raise signing.SignInRefused(refused, "the code is not this person's")
        return found

    def sign_out(self) -> ShiftView:
        """Nobody is signed in any more."""
        ctx = self.context()
        if self._ledger.unit(lambda uow: signing.sign_out(uow, ctx)):
            self._changed()
        return self.view()

    def cashier(self) -> tuple[str, str]:
        """Id and name of who is signed in, "" for nobody; asks no disk, for each sale asks it."""
        row = self._seen.who
        return (row.cashier_id, row.name) if row else ("", "")

    def signed(self) -> SignInRow | None:
        """Who is signed in."""
        return self._seen.who

    def signs_in(self) -> bool:
        """Whether the centre has sent a list of staff."""
        return bool(self._known_staff())

    def _known_staff(self) -> tuple[FeedStaff, ...]:
        """The list, read again every few seconds at most: each scan and each push asks for it."""
        seen, now = self._staff_seen, self._monotonic()
        if seen is None or now - seen[0] > STAFF_LOOK_S:
            seen = (now, tuple(self._staff()))
            self._staff_seen = seen
        return seen[1]

    def _changed(self) -> None:
        self._look()
        self.on_fact()
        self.on_change()

    def _look(self) -> None:
        self._seen = self._ledger.unit(seen_of, durable=False)

    # --- acts -------------------------------------------------------------------------------

    def open(self) -> ShiftView:
        """Open the shift; again changes nothing."""
        return self._ask("cashier", acts.open_by_hand)

    def x(self) -> ShiftView:
        """An X report."""
        return self._ask("cashier", acts.x_report, slip="x")

    def z(self) -> ShiftView:
        """The Z: closes the shift once the device has counted it."""
        return self._ask("cashier", acts.z_report, slip="z")

    def move_cash(
        self, action: Literal["cash_in", "cash_out"], amount_minor: int, by: str = ""
    ) -> ShiftView:
        """Service cash; taking out needs a senior cashier, or `by`, whose word allowed it."""
        least = "senior" if action == "cash_out" and not by else "cashier"
        return self._ask(
            least, lambda uow, ctx, who: acts.move_cash(uow, ctx, action, amount_minor, who)
        )

    def resolve(
        self, job_id: str, verdict: Literal["printed", "not_printed"], number: str, author: str
    ) -> ShiftView:
        """A person's word about an act whose end was unknown."""
        ctx = self.context()
        outcome = PrintOutcome(verdict, number, f"resolved_by:{author}"[:80])
        act = self._ledger.unit(lambda uow: acts.resolve_act(uow, ctx, job_id, outcome))
        emit(Event.SHIFT_ACT_RESOLVED, action=act.action, verdict=verdict, author=author)
        self._recorded(act)
        return self.view()

    def sold(self) -> None:
        """A fact was written: a sale opens the shift where nobody did.

        The sale is sold whatever comes of it: a full disk opens no shift."""
        if self._runs:
            return
        ctx = self.context()
        with suppress(LedgerUnavailable):
            self._runs = self._ledger.unit(lambda uow: begin_by_sale(uow, ctx), durable=False)
            self._look()

    # --- the printer's thread ---------------------------------------------------------------

    def next_act(self) -> ActRow | None:
        """The next act to do or to reconcile."""
        return self._ledger.unit(lambda uow: uow.next_act(), durable=False)

    def start_act(self, job_id: str) -> None:
        """Written before the first byte goes out."""
        self._ledger.unit(lambda uow: acts.start_act(uow, job_id))

    def record_act(self, job_id: str, outcome: PrintOutcome) -> None:
        """Store what became of it."""
        ctx = self.context()
        act = self._ledger.unit(lambda uow: acts.record_act(uow, ctx, job_id, outcome))
        known = "printed" if outcome.reason == OPENS_ITSELF else outcome.verdict
        emit(_EVENTS[known], action=act.action, reason=outcome.reason)
        self._recorded(act)

    def slip_of(self, act: ActRow) -> tuple[str, ...]:
        """Lines to print behind a report."""
        return lines_of(act, *self._about(act))

    def rows_of(self, act: ActRow, width: int) -> tuple[SlipRow, ...]:
        """The slip of a report for a receipt printer with lines of `width` characters."""
        return rows_of(act, *self._about(act), width)

    def _about(self, act: ActRow) -> tuple[ShiftRow | None, TillIdentity, str]:
        def read(uow: Store) -> tuple[ShiftRow | None, TillIdentity, str]:
            name = uow.sign_in(act.cashier_id).name if act.cashier_id else ""
            return uow.shift(act.shift_id), self._who, name

        return self._ledger.unit(read, durable=False)

    def unsent_told(self, minutes: int) -> None:
        """The age of the oldest document that waits in the printer's journal, 0 for none."""
        self._unsent_min = minutes
        self.watch()

    def _untransmitted(self) -> int | None:
        """Minutes, by the device or by our journal, whichever is more; `None` if nobody tells."""
        told = self._device.untransmitted_min if self._device else None
        known = [each for each in (told, self._unsent_min) if each is not None]
        return max(known, default=None)

    def device_told(self, state: ShiftState) -> None:
        """What the device says of its shift."""
        self._device = state
        self.watch()

    def watch(self) -> None:
        """Tell a warning once, when it begins; called every few seconds as well."""
        now, told = self._warnings(), self._told
        self._told = now
        for code in now:
            if code not in told:
                emit(Event.SHIFT_WARNING, code=code)
                self.on_warning(code)
        if now != told:
            self.on_change()

    # --- showing ----------------------------------------------------------------------------

    def view(self) -> ShiftView:
        """The shift as it stands."""
        ctx = self.context()
        return self._ledger.unit(lambda uow: self._view(uow, ctx), durable=False)

    def now(self, language: Language) -> ShiftNow:
        """The shift as it is pushed to the screen."""
        return now_of(self._seen, self._owner, self.signs_in(), self._warnings(), language)

    def _ask(
        self,
        least: str,
        work: Callable[[Store, ShiftContext, str], ActRow | None],
        slip: Literal["x", "z", ""] = "",
    ) -> ShiftView:
        ctx = self.context()

        def step(uow: Store) -> tuple[ActRow | None, tuple[str, ...]]:
            by = signing.allow(uow, ctx, least)
            act = work(uow, ctx, by)
            return act, self._own_slip(uow, ctx, slip) if act is None and slip else ()

        act, lines = self._ledger.unit(step)
        self._runs = self._runs and slip != "z"
        self._changed()
        if act is not None:
            self.on_act()
        view = self.view()
        shown = act_view(act, self._who.locale) if act else None
        return view.model_copy(update={"act": shown, "slip": list(lines)})

    def _own_slip(
        self, uow: Store, ctx: ShiftContext, kind: Literal["x", "z", ""]
    ) -> tuple[str, ...]:
        """Our totals where the POS prints: shown, and not printed."""
        row = uow.last_shift()
        if row is None or not kind:
            return ()
        totals = _totals(uow, row)
        person = uow.signed_in()
        return shift_slip_lines(
            row,
            self._who,
            ShiftTotals(**totals.model_dump()),
            ctx.clock.stamp(),
            person.name if person else "",
            kind,
        )

    def _recorded(self, act: ActRow) -> None:
        if act.action == "z" and act.state == "printed":
            self._runs = False
        self._changed()

    def _view(self, uow: Store, ctx: ShiftContext) -> ShiftView:
        locale, row, last = self._who.locale, uow.open_shift(), uow.last_shift()
        closed = last if last is not None and last.state == "closed" else None
        waiting = uow.undecided_acts()
        latest = uow.latest_act(last.shift_id) if last else None
        age = self._age(age_min(row, ctx) if row else None)
        return ShiftView(
            is_open=row is not None,
            number=last.number if last else 0,
            owner=self._owner,
            opened_at=row.opened_at if row else "",
            opened_by=row.opened_by if row else "",
            age_min=age or 0,
            cashier=person_view(uow.signed_in()),
            signs_in=bool(ctx.staff),
            totals=_totals(uow, last),
            act=act_view(latest, locale) if latest else None,
            waiting=[act_view(act, locale) for act in waiting],
            warnings=[
                WarningView(code=code, sentence=sentence(code, locale))
                for code in self._warnings_at(age)
            ],
            device=self._device_view(),
            last_z=closed.z_number if closed else "",
            last_closed_at=(closed.closed_at or "") if closed else "",
        )

    def _warnings(self) -> tuple[str, ...]:
        row, ctx = self._seen.running, self._moment(())
        return self._warnings_at(self._age(age_min(row, ctx) if row else None))

    def _warnings_at(self, age: int | None) -> tuple[str, ...]:
        lasts = self._owner in ("device", "pos")
        return warnings_of(age if lasts else None, self._untransmitted())

    def _age(self, ours: int | None) -> int | None:
        """The device's own figure where it tells one: it is the device that refuses."""
        told = self._device.age_min if self._device else None
        if self._device is not None and self._device.is_open is False:
            return None
        return ours if told is None else told

    def _device_view(self) -> DeviceShiftView | None:
        told = self._device
        if told is None:
            return None
        return DeviceShiftView(
            z_reports=told.z_reports,
            is_open=told.is_open,
            age_min=told.age_min,
            untransmitted_min=self._untransmitted(),
            cash_minor=told.cash_minor,
        )


def _totals(uow: Store, row: ShiftRow | None) -> WireShiftTotals:
    """Of a shift that runs what its facts add up to so far, of a closed one what was printed."""
    if row is None:
        return WireShiftTotals()
    if row.state == "open":
        return uow.shift_totals((row.after_epoch, row.after_seq), uow.head())
    return closed_totals(row)
