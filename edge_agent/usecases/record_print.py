"""The truth about paper comes back: post, keep waiting for a person, or void."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import PrintJobRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import known_row
from edge_agent.usecases.return_sale import post_return, present_life
from edge_agent.usecases.surroundings import Use, undo_uses
from sync.contract.messages import WirePrintVerdict, WireSale, WireSaleVoided


@dataclass(frozen=True, slots=True)
class PaperVerdict:
    """A driver's (or a person's) verdict on one job."""

    job_id: str
    verdict: Literal["printed", "not_printed", "unknown"]
    fiscal_number: str = ""
    reason: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


def start_printing(uow: UnitOfWork, ctx: RegisterContext, job_id: str) -> PrintJobRow:
    """Mark the job as being printed, before the first byte goes out."""
    job = _job(uow, job_id)
    uow.set_print_state(job_id, "printing", ctx.clock.stamp())
    return job


def record_print(uow: UnitOfWork, ctx: RegisterContext, paper: PaperVerdict) -> PrintJobRow:
    """Store the verdict, tell the centre, and post the sale or return when it is printed."""
    job = _job(uow, paper.job_id)
    if job.state == "printed":
        return job
    now = ctx.clock.stamp()
    uow.set_print_state(
        job.job_id, paper.verdict, now, paper.fiscal_number, paper.reason, paper.evidence
    )
    body = WirePrintVerdict(
        subject_id=job.subject_id,
        job_id=job.job_id,
        verdict=paper.verdict,
        fiscal_number=paper.fiscal_number,
        reason=paper.reason,
        decided_at=now,
    )
    fact = uow.append_fact("print_verdict", body.model_dump(mode="json"), now)
    if paper.verdict == "printed":
        _post(uow, job, fact, now)
    return _job(uow, job.job_id)


def _post(uow: UnitOfWork, job: PrintJobRow, fact: tuple[int, int], now: str) -> None:
    if job.kind == "sale":
        row = uow.sale(job.subject_id)
        if row is None or row.state != "committed" or row.document is None:
            return
        uow.close_sale(row.sale_id, "posted", now)
        sale = WireSale.model_validate_json(row.document)
        if sale.member_id is not None:
            uow.add_effect(sale.member_id, fact, 0, sale.accrual_points)
        return
    returned = uow.sale_return(job.subject_id)
    if returned is None or returned.state != "committed":
        return
    post_return(uow, returned, fact, now)


def retry_print(uow: UnitOfWork, ctx: RegisterContext, job_id: str) -> PrintJobRow:
    """Queue the same job again after a `not_printed`; never after an unknown outcome, and never
    for a sale that was voided meanwhile."""
    job = _job(uow, job_id)
    if job.state in ("queued", "printing", "printed"):
        return job
    if job.state == "unknown":
        raise Conflict("print_unknown", "look at the paper first, then resolve the job")
    if not ctx.prints:
        raise Conflict("paper_is_pos", "the POS prints this register's receipts and reports them")
    sale = uow.sale(job.subject_id) if job.kind == "sale" else None
    if sale is not None and sale.state != "committed":
        raise Conflict("sale_closed", f"sale {sale.sale_id} is {sale.state}: nothing to print")
    uow.set_print_state(job_id, "queued", ctx.clock.stamp())
    return _job(uow, job_id)


def resolve_print(
    uow: UnitOfWork,
    ctx: RegisterContext,
    job_id: str,
    verdict: Literal["printed", "not_printed"],
    fiscal_number: str,
    author: str,
) -> PrintJobRow:
    """A person looked at the paper: turn `unknown` into what they saw."""
    if _job(uow, job_id).state != "unknown":
        raise Conflict("not_unknown", "only a job with an unknown outcome is resolved by a person")
    return record_print(
        uow,
        ctx,
        PaperVerdict(job_id, verdict, fiscal_number, f"resolved_by:{author}"[:80]),
    )


def void_sale(uow: UnitOfWork, ctx: RegisterContext, sale_id: str, reason: str) -> str:
    """Undo a committed sale whose paper did not come out; a new fact, nothing is deleted.

    Where the POS prints, the sale counts already: then its word `not_printed` is needed. The first
    id of a sale that was given to another member stands for its present life; its id is returned.
    """
    row = known_row(uow, present_life(uow, sale_id))
    sale_id = row.sale_id
    if row.state == "voided":
        return sale_id
    jobs = uow.print_jobs_of(sale_id)
    counts = row.state == "posted" and bool(jobs)
    if row.document is None or not (row.state == "committed" or (counts and not ctx.prints)):
        raise Conflict("not_voidable", f"sale {sale_id} is {row.state}; use a return")
    if counts and any(job.state == "printed" for job in jobs):
        raise Conflict("not_voidable", f"sale {sale_id} is printed; use a return")
    if any(job.state != "not_printed" for job in jobs):
        raise Conflict("paper_pending", "the paper of this sale is not known to be missing")
    now = ctx.clock.stamp()
    body = WireSaleVoided(sale_id=sale_id, reason=reason[:200], voided_at=now)
    fact = uow.append_fact("sale_voided", body.model_dump(mode="json"), now)
    uow.close_sale(sale_id, "voided", now)
    sale = WireSale.model_validate_json(row.document)
    spent = sale.redemption.points if sale.redemption else 0
    earned = sale.accrual_points if counts else 0
    if sale.member_id is not None and (spent or earned):
        uow.add_effect(sale.member_id, fact, -spent, -earned)
    undo_uses(uow, [Use(**use) for use in json.loads(row.result or "{}").get("counted", ())])
    if sale.member_id is not None and (sale.coupons or sale.used_coupons):
        uow.forget_coupons(sale.member_id, sale_id)
    return sale_id


def _job(uow: UnitOfWork, job_id: str) -> PrintJobRow:
    job = uow.print_job(job_id)
    if job is None:
        raise NotFound("unknown_print_job", f"no print job {job_id}")
    return job
