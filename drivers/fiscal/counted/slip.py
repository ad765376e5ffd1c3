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
    book.begin_slip(job_id)
    try:
        machine.open_slip()
        for line in plan.slip_lines:
            machine.print_slip_line(line)
        if plan.slip_qr:
            machine.print_qr(plan.slip_qr)
        machine.close_slip()
    except DeviceError as error:
        return _cut_short(machine, book, error)
    book.end_slip()
    return "qr_not_printable" if plan.qr_dropped else "printed"


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
