"""From a queued document to what a printer is told, in the register's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from drivers.base import PrinterProfile, PrintJob
from edge_agent.ports import PrintJobRow
from edge_agent.usecases.compose_receipt import load_document


def composer(locale: Literal["uk", "en"]) -> Callable[[PrintJobRow, PrinterProfile], PrintJob]:
    """Renders jobs for one printer; the templates are loaded when there is one."""
    from receipt_templates import render

    def compose(job: PrintJobRow, profile: PrinterProfile) -> PrintJob:
        document = load_document(job.document)
        text = render(
            document,
            locale=locale,
            post_width=profile.line_width,
            trailer_width=profile.trailer_width,
        )
        return PrintJob(job.job_id, document, text)

    return compose
