"""Commands 46, 69, 70 and 110 of the Ukrainian dialect: DATA and replies. Pure.

46 tells the state of the shift as F, P or Z and its minutes, 69 takes `password,0` for a Z and
`password,2` for an X report (enumeration of a public Ukrainian FP-700 driver); 70 takes a signed
sum, or nothing to ask, and answers `P` or `F`, drawer, service cash in and out; the fifth field of
110 is the number of the shift that runs (Datecs protocol P, 69, 70 and 110).
"""

from __future__ import annotations

from drivers.errors import DeviceRefused, FrameError
from drivers.shift import ShiftState
from loyalty.money import format_minor

CLOSED = "Z"
SHIFT_FIELD = 4


def report_data(password: str, closing: bool) -> bytes:
    """69."""
    return f"{password},{0 if closing else 2}".encode("ascii")


def cash_data(amount_minor: int) -> bytes:
    """70: hryvnias with a sign."""
    sign = "-" if amount_minor < 0 else "+"
    return f"{sign}{format_minor(abs(amount_minor))}".encode("ascii")


def parse_cash(data: bytes) -> tuple[int, int, int]:
    """Reply of 70: drawer, cash in and cash out, kopecks; refused when it begins with F."""
    fields = data.decode("ascii", "replace").split(",")
    if fields[0].strip() == "F":
        raise DeviceRefused("not_enough_cash", "the drawer does not hold that much", "F")
    try:
        drawer, came, went = (int(field) for field in fields[1:4])
    except ValueError:
        raise FrameError("bad_reply", f"reply of command 70 cannot be read: {data!r}") from None
    return drawer, came, went


def parse_shift(state: bytes, day: bytes, cash: tuple[int, int, int] | None) -> ShiftState:
    """Replies of 46 and 110, and of 70 where it could be asked."""
    letter, _, minutes = state.decode("ascii", "replace").partition(",")
    fields = day.decode("ascii", "replace").split(",")
    try:
        number, age = int(fields[SHIFT_FIELD]), int(minutes)
    except (IndexError, ValueError):
        raise FrameError("bad_reply", f"46 or 110 cannot be read: {state!r} {day!r}") from None
    is_open = letter.strip() != CLOSED
    drawer, came, went = cash or (None, None, None)
    return ShiftState(
        z_reports=number - 1,
        is_open=is_open,
        age_min=age if is_open else None,
        cash_minor=drawer,
        cash_in_minor=came,
        cash_out_minor=went,
    )
