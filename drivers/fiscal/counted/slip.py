"""The service slip after a fiscal receipt: extra lines, a QR code, and no say in the verdict."""

from __future__ import annotations

from drivers.errors import DeviceError
from drivers.fiscal.counted.job_record import JobBook
from drivers.fiscal.counted.machine import Machine
from drivers.fiscal.counted.receipt_plan import ReceiptPlan


def print_slip(machine: Machine, book: JobBook, job_id: str, plan: ReceiptPlan) -> str:
    """Print the slip of a job whose receipt is out; returns "printed" or why it was not.

    A slip has no counter that could prove it, so one that was cut short is never printed again."""
    if plan.qr_dropped and not plan.has_slip:
        return "qr_not_printable"
    if not plan.has_slip:
        return ""
    noted = print_lines(machine, book, job_id, plan.slip_lines, plan.slip_qr)
    return "qr_not_printable" if plan.qr_dropped and noted == "printed" else noted


def print_lines(
    machine: Machine, book: JobBook, job_id: str, lines: tuple[str, ...], code: str = ""
) -> str:
    """Print lines and a QR code as a slip of their own; "printed" or why it was cut short."""
    book.begin_slip(job_id)
    try:
        machine.open_slip()
        for line in lines:
            machine.print_slip_line(line)
        if code:
            machine.print_qr(code)
        machine.close_slip()
    except DeviceError as error:
        return _cut_short(machine, book, error)
    book.end_slip()
    return "printed"


def _cut_short(machine: Machine, book: JobBook, error: DeviceError) -> str:
    """Try to close what is open; if that fails too, the journal remembers that it is ours."""
    try:
        if close_own_slip(machine, book):
            return f"cut_short: {error.code}"
    except DeviceError as second:
        return f"cut_short: {error.code}, left open: {second.code}"
    return f"cut_short: {error.code}"


def close_own_slip(machine: Machine, book: JobBook) -> bool:
    """Close a service receipt that the journal says we opened; false when there is none."""
    if not book.slip_of():
        return False
    if machine.refresh().nonfiscal_open:
        machine.close_slip()
    book.end_slip()
    return True
