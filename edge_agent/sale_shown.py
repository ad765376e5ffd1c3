"""A sale as it is shown: its draft, its member's card, its paper and how far to trust them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from edge_agent.ledger.store import Store
from edge_agent.member_views import MemberCard, member_card
from edge_agent.ports import MemberIndex, PrintJobRow, SaleRow
from edge_agent.promotion_views import AS_PRICED, names_in
from edge_agent.sentences import Language
from edge_agent.till_identity import TillIdentity
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft, Identification, known_row, load_draft
from edge_agent.usecases.spendable import shown_balance, spendable_points
from edge_agent.views import Mode, PrintView, SaleView, print_view, sale_view
from loyalty.member import Member
from loyalty.promotions.offers import offers_for


def mode_of(uow: Store, ctx: RegisterContext) -> Mode:
    """How the register works now: in doubt about its own records it is `degraded`."""
    if not ctx.is_head_confirmed or uow.is_fenced():
        return "degraded"
    return "online" if ctx.is_online else "offline"


class SaleShown:
    """Builds views inside a transaction; keeps nothing."""

    def __init__(self, who: TillIdentity, members: MemberIndex) -> None:
        self._who = who
        self._members = members

    def both(
        self,
        uow: Store,
        ctx: RegisterContext,
        sale_id: str,
        language: Language,
        known: Draft | None = None,
    ) -> tuple[SaleView, SaleView]:
        """The sale as the POS is answered, always in the register's language, and as the screen
        says it. Raises `NotFound`."""
        view = self.view(uow, ctx, sale_id, known)
        if language == self._who.locale:
            return view, view
        return view, self.view(uow, ctx, sale_id, known, language)

    def view(
        self,
        uow: Store,
        ctx: RegisterContext,
        sale_id: str,
        known: Draft | None = None,
        language: Language | None = None,
    ) -> SaleView:
        """The sale as it stands, in the register's language or another. Raises `NotFound`."""
        row = known_row(uow, sale_id)
        draft = known or load_draft(row.draft)
        card = self.card(uow, ctx, draft.member, draft.identification) if draft.member else None
        view = sale_view(
            sale_id,
            row.state,
            row.revision,
            draft,
            card=card,
            locale=language or self._who.locale,
            names=names_in(ctx.rules, language) if language else AS_PRICED,
            mode=mode_of(uow, ctx),
            cash_step_minor=self._who.cash_step_minor,
            programme=ctx.programme,
            data_as_of=ctx.balance_as_of,
            data_age_s=_age_s(ctx),
            prints=self._prints(uow, row, language),
            result=json.loads(row.result) if row.result else None,
        )
        view.training = self._who.is_training
        return view

    def job(self, job: PrintJobRow, language: Language | None = None) -> PrintView:
        """A print job with its sentence, in the register's language or another."""
        return print_view(job, language or self._who.locale)

    def card(
        self, uow: Store, ctx: RegisterContext, member: Member, how: Identification | None
    ) -> MemberCard:
        """The member's card, own spends subtracted."""
        fresh = self._members.member(member.member_id) or member
        local = ctx.clock.local()
        balance = shown_balance(uow, ctx, fresh)
        return member_card(
            fresh,
            balance_points=balance,
            spendable_points=spendable_points(uow, ctx, fresh, how, balance),
            offers=list(offers_for(ctx.rules, fresh, local, ctx.store_id, ctx.locale)),
            today=local.date(),
            as_of=ctx.balance_as_of,
        )

    def _prints(self, uow: Store, row: SaleRow, language: Language | None) -> list[PrintView]:
        jobs = uow.print_jobs_of(row.sale_id)
        for returned in uow.returns_of(row.sale_id):
            jobs += uow.print_jobs_of(returned.return_id)
        return [self.job(job, language) for job in jobs]


def _age_s(ctx: RegisterContext) -> int | None:
    """The centre's stamp is a text of the cache; one that is no instant dates nothing."""
    try:
        known = datetime.fromisoformat(ctx.balance_as_of)
    except ValueError:
        return None
    known = known if known.tzinfo else known.replace(tzinfo=UTC)
    return max(0, int((ctx.clock.now() - known).total_seconds()))
