"""From a queued document to what a printer is told, in the register's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from drivers.base import PrinterProfile, PrintJob
from edge_agent.ports import PrintJobRow
from edge_agent.usecases.compose_receipt import load_document
from loyalty.receipt_template import PLAIN, ReceiptTemplate


def composer(
    locale: Literal["uk", "en"], template: Callable[[], ReceiptTemplate] = lambda: PLAIN
) -> Callable[[PrintJobRow, PrinterProfile], PrintJob]:
    """Renders jobs for one printer; the templates are loaded when there is one.

    `template` gives that of the bundle in force."""
    from receipt_templates import render, render_slip

    def compose(job: PrintJobRow, profile: PrinterProfile) -> PrintJob:
        document = load_document(job.document)
        text = render(
            document,
            locale=locale,
            post_width=profile.line_width,
            trailer_width=profile.trailer_width,
        )
        width = profile.line_width
        slip = render_slip(document, locale=locale, width=width, template=template())
        return PrintJob(job.job_id, document, replace(text, slip=slip))

    return compose
