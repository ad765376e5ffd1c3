"""Signing in: by PIN, by badge, or because the POS says who works; wrong attempts are bounded.

After five wrong PINs a person is locked for five minutes, twice as long at each further wrong one,
up to an hour; codes that belong to nobody are counted together under a bound of their own. All of
it is in the ledger, so a restart opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from edge_agent.errors import AgentError, Conflict
from edge_agent.shift.rows import NOBODY, SignInRow
from edge_agent.shift.running import running_shift, tell
from edge_agent.shift.surroundings import ShiftContext, ShiftStore
from sync.contract.staff import FeedStaff, badge_digest, is_pin, pin_matches

TRIES: Final = 5
NOBODY_TRIES: Final = 20
LOCK_MIN: Final = 5
LONGEST_LOCK_MIN: Final = 60
RANK: Final = {"cashier": 0, "senior": 1, "manager": 2}


class SignInRefused(AgentError):
    """The code is not the person's, or the person is locked out."""

    status = 403


@dataclass(frozen=True, slots=True)
class SignIn:
    """What was given: id and PIN, a badge's code, or an id alone from the POS."""

    cashier_id: str = ""
    pin: str = ""
    badge: str = ""
    by_pos: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """Who it is, and how we know; `person` is None when the code was wrong."""

    person: FeedStaff | None
    how: str
    counted_under: str


def check(ctx: ShiftContext, given: SignIn) -> Checked:
    """Find the person. Slow for a PIN, so it runs outside of any transaction.

    Raises `Conflict` where nobody is known yet."""
    if given.by_pos:
        known = ctx.person(given.cashier_id)
        name = given.cashier_id[:80]
        stranger = FeedStaff.model_construct(cashier_id=given.cashier_id, name=name, role="cashier")
        return Checked(known or stranger, "pos", given.cashier_id)
    if not ctx.staff:
        raise Conflict("no_staff", "the centre has sent no list of staff")
    if given.badge:
        digest = badge_digest(given.badge)
        found = next((each for each in ctx.staff if each.badge and each.badge == digest), None)
        return Checked(found, "badge", found.cashier_id if found else NOBODY)
    person = ctx.person(given.cashier_id)
    if person is None or not is_pin(given.pin):
        return Checked(None, "pin", person.cashier_id if person else NOBODY)
    right = bool(person.pin) and pin_matches(given.pin, person.pin)
    return Checked(person if right else None, "pin", person.cashier_id)


def is_locked(uow: ShiftStore, ctx: ShiftContext, cashier_id: str) -> str:
    """Until when nobody may try for this person, "" when they may."""
    until = uow.sign_in(cashier_id).locked_until
    return until if until > ctx.clock.stamp() else ""


def refuse_locked(uow: ShiftStore, ctx: ShiftContext, cashier_id: str) -> None:
    """`SignInRefused` while this person is locked out."""
    until = is_locked(uow, ctx, cashier_id)
    if until:
        local = datetime.fromisoformat(until).astimezone(ctx.clock.local().tzinfo)
        raise SignInRefused("sign_in_locked", f"locked until {until}", name=f"{local:%H:%M}")


def settle(uow: ShiftStore, ctx: ShiftContext, found: Checked) -> str:
    """Count a wrong attempt or sign the person in; "" or the code of the refusal.

    A result and no exception: the count must be committed."""
    if found.person is None:
        return _count_wrong(uow, ctx, found)
    now = ctx.clock.stamp()
    current = uow.signed_in()
    person = found.person
    if current is not None and current.cashier_id == person.cashier_id:
        return ""
    if current is not None:
        sign_out(uow, ctx)
    before = uow.sign_in(person.cashier_id)
    # Who works is known by the POS; that lifts no lock of a guessed PIN.
    kept = (before.failures, before.locked_until) if found.how == "pos" else (0, "")
    uow.put_sign_in(
        SignInRow(person.cashier_id, 1, person.name, person.role, found.how, now, *kept)
    )
    running_shift(uow, ctx, person.cashier_id)
    tell(uow, ctx, "signed_in", person.cashier_id)
    return ""


def settle_word(uow: ShiftStore, ctx: ShiftContext, found: Checked, least: str) -> str:
    """Count a wrong attempt, or take the word of somebody of that role; "" or the code of the
    refusal. Nobody is signed in by it."""
    if found.person is None:
        return _count_wrong(uow, ctx, found)
    before = uow.sign_in(found.person.cashier_id)
    if before.failures:
        uow.put_sign_in(replace(before, failures=0, locked_until=""))
    return "" if RANK[found.person.role] >= RANK[least] else "approval_too_low"


def _count_wrong(uow: ShiftStore, ctx: ShiftContext, found: Checked) -> str:
    row = uow.sign_in(found.counted_under)
    failures = row.failures + 1
    locked = _lock(ctx, found.counted_under, failures)
    uow.put_sign_in(replace(row, failures=failures, locked_until=locked))
    return "sign_in_wrong"


def sign_out(uow: ShiftStore, ctx: ShiftContext) -> bool:
    """Nobody is signed in any more; false when nobody was."""
    current = uow.signed_in()
    if current is None:
        return False
    uow.put_sign_in(replace(current, is_current=0))
    tell(uow, ctx, "signed_out", current.cashier_id)
    return True


def allow(uow: ShiftStore, ctx: ShiftContext, least: str) -> str:
    """Who acts on the shift; `SignInRefused` when nobody is signed in, or of too low a role.

    Where the centre has sent no staff and nobody is signed in, anyone may."""
    current = uow.signed_in()
    if current is None:
        if ctx.staff:
            raise SignInRefused("sign_in_first", "nobody is signed in")
        return ""
    if ctx.staff and RANK.get(current.role, 0) < RANK[least]:
        raise SignInRefused("role_too_low", f"{current.role} may not do that: {least} is needed")
    return current.cashier_id


def _lock(ctx: ShiftContext, cashier_id: str, failures: int) -> str:
    over = failures - (NOBODY_TRIES if cashier_id == NOBODY else TRIES)
    if over < 0:
        return ""
    minutes = min(LOCK_MIN << min(over, 8), LONGEST_LOCK_MIN)
    moment = ctx.clock.now() + timedelta(minutes=minutes)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
