"""The papers of sales and returns: what waits, what came out, a person's word about the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.ledger import Ledger
from edge_agent.ports import PrintJobRow
from edge_agent.sale_shown import SaleShown
from edge_agent.sentences import Language
from edge_agent.usecases import record_print as paper
from edge_agent.usecases.context import RegisterContext
from edge_agent.views import PrintView, SaleView

OUTCOME = {
    "printed": Event.PRINT_DONE,
    "not_printed": Event.PRINT_REFUSED,
    "unknown": Event.PRINT_UNKNOWN,
}


class SalesDesk(Protocol):
    """The till's side: what a paper's fate changes there."""

    on_fact: Callable[[], None]
    on_job: Callable[[], None]

    def context(self) -> RegisterContext: ...
    def show_again(self, sale_id: str) -> SaleView: ...


class Papers:
    """The print jobs of one register; blocks, and may be called from any thread."""

    def __init__(self, ledger: Ledger, shown: SaleShown, till: SalesDesk) -> None:
        self._ledger = ledger
        self._shown = shown
        self._till = till

    def waiting(self, language: Language | None = None) -> list[PrintView]:
        """Papers that are not out yet, in the register's language or another."""
        jobs = self._ledger.unit(lambda uow: uow.waiting_print_jobs(), durable=False)
        return [self._shown.job(job, language) for job in jobs]

    def retry(self, job_id: str) -> PrintView:
        """Print the same job again after a `not_printed`."""
        ctx = self._till.context()
        job = self._ledger.unit(lambda uow: paper.retry_print(uow, ctx, job_id))
        self._till.on_job()
        return self._shown.job(job)

    def resolve(
        self,
        job_id: str,
        verdict: Literal["printed", "not_printed"],
        fiscal_number: str,
        author: str,
    ) -> PrintView:
        """A person's word about a job whose outcome was unknown."""
        ctx = self._till.context()
        job = self._ledger.unit(
            lambda uow: paper.resolve_print(uow, ctx, job_id, verdict, fiscal_number, author)
        )
        emit(Event.PRINT_RESOLVED, sale_id=job.subject_id, verdict=verdict)
        self._till.on_fact()
        self._show_subject(job)
        return self._shown.job(job)

    # --- for the printer's worker -----------------------------------------------------------

    def next_job(self) -> PrintJobRow | None:
        """The next document to print or to reconcile."""
        return self._ledger.unit(lambda uow: uow.next_print_job(), durable=False)

    def start_printing(self, job_id: str) -> None:
        """Written before the first byte goes out."""
        ctx = self._till.context()
        job = self._ledger.unit(lambda uow: paper.start_printing(uow, ctx, job_id))
        self._show_subject(job)

    def record_print(self, verdict: paper.PaperVerdict) -> None:
        """Store what became of the paper."""
        ctx = self._till.context()
        job = self._ledger.unit(lambda uow: paper.record_print(uow, ctx, verdict))
        emit(OUTCOME[verdict.verdict], sale_id=job.subject_id, reason=verdict.reason)
        self._till.on_fact()
        self._show_subject(job)

    def _show_subject(self, job: PrintJobRow) -> None:
        if job.kind == "sale":
            self._till.show_again(job.subject_id)
            return
        row = self._ledger.unit(lambda uow: uow.sale_return(job.subject_id), durable=False)
        if row is not None:
            self._till.show_again(row.sale_id)
