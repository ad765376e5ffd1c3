"""Redemption in two steps around the questions to centre and hub: ask, then decide under one id.

Layers in order (`loyalty.authorisation.decision`): the centre's hold, the escrow lease, the signed
purse, the risk-limited cache, else declined; the sale earns in any case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from edge_agent.errors import Conflict, NotFound
from edge_agent.hub.port import IslandClaim
from edge_agent.ports import AuthorisationRow, SaleRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import (
    Draft,
    load_draft,
    open_row,
    requote,
    save,
    without_redemption,
)
from edge_agent.usecases.identified import Identification
from edge_agent.usecases.open_sale import drop_authorisation
from edge_agent.usecases.purse_offer import (
    NO_PURSE,
    PurseOffer,
    at_centre,
    purse_offer,
    within_centre,
)
from edge_agent.usecases.rights import claim_of, inputs_at, self_granted
from edge_agent.usecases.spendable import purse_points, refusal_before_asking
from loyalty.authorisation.decision import Claimed, Decision, Inputs, OnlineAnswer, decide
from sync.contract.live import AuthorisationReply

MAX_POINTS = 10**9


@dataclass(frozen=True, slots=True)
class Asked:
    """What to send to the centre (`points` 0: nothing to ask), and the id it is stored under."""

    auth_id: str
    sale_id: str
    member_id: int
    points: int
    dropped_auth_id: str = ""
    number: int = 0
    purse: PurseOffer = NO_PURSE


@dataclass(frozen=True, slots=True)
class IslandNeeds:
    """What the store's hub is asked before the decision: points of a lease that are short here,
    and the claim of purse and cache points."""

    borrow_points: int = 0
    claim: IslandClaim | None = None


def ask_redemption(
    uow: UnitOfWork, ctx: RegisterContext, sale_id: str, points: int | None, auth_id: str
) -> Asked | Draft:
    """Write the request under its id before anything is sent.

    `points` in hundredths, `None` for the most possible, 0 to take a redemption back. Returns the
    new draft at once where there is nothing to ask."""
    row = open_row(uow, sale_id)
    draft = load_draft(row.draft)
    if points is not None and not 0 <= points <= MAX_POINTS:
        raise Conflict("bad_points", "points must be between 0 and 10000000.00 bonuses")
    previous = draft.auth_id
    drop_authorisation(uow, ctx, previous)
    draft = requote(uow, ctx, without_redemption(draft))
    refusal = refusal_before_asking(ctx, draft.member, draft.identification, ctx.is_online)
    if points == 0 or draft.member is None:
        if points != 0:
            raise Conflict("no_member", "a redemption needs a member")
        return save(uow, ctx, row, draft)
    limit = basket_limit(draft)
    wanted = limit if points is None else points
    member_id, how = draft.member.member_id, draft.identification
    request = AuthorisationRow(
        auth_id, sale_id, member_id, wanted, "asked", "", 0, "", 0, refusal,
        epoch=ctx.epoch, number=uow.next_number(), strength=int(how.strength) if how else 0,
    )  # fmt: skip
    uow.save_authorisation(request, ctx.clock.stamp())
    save(uow, ctx, row, replace(draft, auth_id=auth_id, requested_points=wanted))
    asked = Asked(
        auth_id, sale_id, member_id, 0 if refusal else min(wanted, limit), previous, request.number
    )
    if not asked.points or how is None or how.purse is None:
        return asked
    inputs = _inputs(uow, ctx, asked, draft, how, None)
    return replace(asked, purse=purse_offer(inputs, how.purse))


def basket_limit(draft: Draft) -> int:
    """Most points this basket, this balance and the purse beside it can take, whatever the
    layer."""
    if draft.member is None or draft.quote is None:
        return 0
    most = draft.balance_points + purse_points(draft.identification)
    return min(draft.quote.basket_limit_points, most)


def island_needs(
    uow: UnitOfWork, ctx: RegisterContext, asked: Asked, reply: AuthorisationReply | None
) -> IslandNeeds:
    """What to ask the hub for, between the centre's answer (or its silence) and the decision."""
    draft = load_draft(open_row(uow, asked.sale_id).draft)
    if draft.member is None or draft.identification is None:
        return IslandNeeds()
    inputs = _inputs(uow, ctx, asked, draft, draft.identification, reply)
    left = asked.points - (inputs.online.points if inputs.online else 0)
    held = inputs.lease.points if inputs.lease else 0
    may_lend = inputs.is_head_confirmed and inputs.strength >= inputs.policy.needs.lease
    claim = claim_of(inputs, asked.member_id, draft.identification.purse)
    if claim is not None:
        claim = within_centre(claim, reply)
    return IslandNeeds(left if may_lend and held < left else 0, claim)


def decide_redemption(
    uow: UnitOfWork,
    ctx: RegisterContext,
    asked: Asked,
    reply: AuthorisationReply | None,
    claimed: Claimed | None = None,
) -> Draft:
    """Store the decision with its layer, its inputs and the cashier's sentence.

    `reply` is `None` when the centre did not answer in time; the same id is then decided offline
    and whichever fact reaches the centre second replaces the first. `claimed` is the hub's answer;
    without one the register grants itself."""
    request = uow.authorisation(asked.auth_id)
    if request is None:
        raise NotFound("unknown_authorisation", f"no authorisation {asked.auth_id}")
    row = open_row(uow, asked.sale_id)
    draft = load_draft(row.draft)
    if request.state != "asked" or draft.auth_id != asked.auth_id:
        return draft
    if draft.member is None or draft.identification is None:
        raise Conflict("no_member", "a redemption needs a member")
    inputs = _inputs(uow, ctx, asked, draft, draft.identification, reply)
    inputs = self_granted(inputs) if claimed is None else replace(inputs, claimed=claimed)
    inputs = replace(inputs, claimed=at_centre(inputs.claimed, reply))
    return _store(uow, ctx, row, draft, request, decide(inputs))


def _inputs(
    uow: UnitOfWork,
    ctx: RegisterContext,
    asked: Asked,
    draft: Draft,
    how: Identification,
    reply: AuthorisationReply | None,
) -> Inputs:
    assert draft.member is not None
    online = None
    if reply is not None:
        online = OnlineAnswer(min(reply.approved_points, asked.points), reply.reason)
    return inputs_at(uow, ctx, asked.auth_id, draft.member, how, asked.points, online)


def _store(
    uow: UnitOfWork,
    ctx: RegisterContext,
    row: SaleRow,
    draft: Draft,
    request: AuthorisationRow,
    decision: Decision,
) -> Draft:
    """Write what each layer gives; it is promised to this sale until it is dropped or used."""
    given = {part.layer: part for part in decision.parts}
    purse = draft.identification.purse if draft.identification else None
    points = {layer: given[layer].points if layer in given else 0 for layer in _LAYERS}
    reason = request.reason or decision.reason
    decided = replace(
        request,
        state="decided",
        layer=decision.layer,
        hold_points=points["online"],
        lease_id=given["lease"].ref if "lease" in given else "",
        lease_points=points["lease"],
        purse_serial=purse.serial if purse and points["purse"] else 0,
        purse_points=points["purse"],
        purse_minute=purse.minute if purse and points["purse"] else -1,
        link_index=purse.link_no if purse and points["purse"] else -1,
        cache_points=points["cache"],
        island=_island(ctx, points),
        reason=reason,
    )
    now = ctx.clock.stamp()
    uow.save_authorisation(decided, now)
    kept = {**decision.kept(), "reason": reason, "sentence": reason or decision.sentence}
    uow.save_decision(decided.auth_id, json.dumps(kept, sort_keys=True), now)
    draft = replace(
        draft,
        approved_points=decided.approved_points,
        decline_reason=reason,
        layer=_told(decision),
    )
    return save(uow, ctx, row, requote(uow, ctx, draft))


_LAYERS = ("online", "lease", "purse", "cache")


def _told(decision: Decision) -> str:
    """The layer as the cashier hears of it: points of the lease are not "offline" when the centre
    has answered."""
    has_answer = decision.inputs.online is not None
    return "online" if has_answer and decision.layer == "lease" else decision.layer


def _island(ctx: RegisterContext, points: dict[str, int]) -> str:
    """Whose budget purse and cache points are out of: the hub's, or this register's own ("")."""
    claimed = points["purse"] or points["cache"]
    return ctx.hub.island if claimed and ctx.hub.island == "store" else ""
