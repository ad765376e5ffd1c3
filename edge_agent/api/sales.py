"""Routes of a sale: open, basket, member, redeem, confirm, cancel, void, return, status."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from edge_agent.after_sale import AfterSale
from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import (
    BasketIn,
    CodesIn,
    ConfirmIn,
    IdentityIn,
    MemberIn,
    OneTimeCodeIn,
    OneTimeCodeOut,
    OpenIn,
    PlannedTendersIn,
    ReasonIn,
    RedeemIn,
    Request,
    ResolveIn,
    ReturnIn,
    ReturnOut,
    VoidIn,
    named,
)
from edge_agent.api.writes import Call, Writes
from edge_agent.desk import Desk
from edge_agent.errors import Conflict
from edge_agent.one_time_desk import OneTimeDesk
from edge_agent.till import Till
from edge_agent.usecases.drafts import Identification
from edge_agent.usecases.open_sale import OpenSale
from edge_agent.usecases.return_sale import ReturnSale
from edge_agent.views import PrintView, SaleView
from loyalty.basket import Basket
from loyalty.ids import parse_uuid
from loyalty.member import Member

SaleId = Annotated[str, Path(min_length=32, max_length=36, description="UUID made by the POS")]


def routes(
    till: Till, desk: Desk, writes: Writes, codes: OneTimeDesk, after: AfterSale
) -> APIRouter:
    """The router over one till."""
    router = APIRouter(prefix="/v1", tags=["sales"], route_class=LateRoute)
    _open_routes(router, till, desk, writes)
    _telling_routes(router, till, writes)
    _paying_routes(router, till, writes, after)
    _code_routes(router, codes)
    _closed_routes(router, till, writes, after)
    _paper_routes(router, till, writes)
    return router


def _identify(desk: Desk, identity: IdentityIn | None) -> tuple[Member, Identification] | None:
    if identity is None:
        return None
    if identity.take_scan:
        return desk.take_waiting()
    found = desk.identify(identity.code, identity.symbology, identity.source)
    if found.member is None or found.how is None:
        desk.notify("warn", found.reason or "unknown_code")
        return None
    if found.reason:
        desk.notify("warn", found.reason)
    return found.member, found.how


def given_member(desk: Desk, identity: IdentityIn) -> tuple[Member, Identification]:
    """The member of a code. Raises `Conflict` (`unknown_member`)."""
    found = _identify(desk, identity)
    if found is None:
        raise Conflict("unknown_member", "nobody in the programme has this code")
    return found


def _open_routes(router: APIRouter, till: Till, desk: Desk, writes: Writes) -> None:
    @router.post("/sales/{sale_id}/open", response_model=SaleView)
    def open_sale(sale_id: SaleId, body: OpenIn, call: Call) -> Response:
        """Open a sale with identity and basket in one call; opening it again changes nothing."""

        def work() -> SaleView:
            found = _identify(desk, body.identity)
            member, how = found or (None, None)
            basket = body.basket.basket() if body.basket else Basket()
            command = OpenSale(
                uuid_of(sale_id),
                basket,
                member,
                how,
                body.cashier_id,
                desk.member_of(body.cashier_card),
                codes=tuple(body.codes),
            )
            return named(till.open(command), body)

        return writes.run(call, work)

    @router.put("/sales/{sale_id}/basket", response_model=SaleView)
    def put_basket(sale_id: SaleId, body: BasketIn, call: Call) -> Response:
        """Replace the basket; the answer is the full quote."""
        return writes.run(
            call, lambda: named(till.put_basket(uuid_of(sale_id), body.basket()), body)
        )

    @router.put("/sales/{sale_id}/member", response_model=SaleView)
    def put_member(sale_id: SaleId, body: MemberIn, call: Call) -> Response:
        """Set or change the member of an open sale."""

        def work() -> SaleView:
            found = given_member(desk, body)
            view = till.put_member(uuid_of(sale_id), *found, body.if_other == "ask")
            return named(view, body)

        return writes.run(call, work)

    @router.delete("/sales/{sale_id}/member", response_model=SaleView)
    def delete_member(sale_id: SaleId, call: Call) -> Response:
        """Make the sale anonymous again."""
        return writes.run(call, lambda: till.put_member(uuid_of(sale_id), None, None))


def _telling_routes(router: APIRouter, till: Till, writes: Writes) -> None:
    @router.put("/sales/{sale_id}/codes", response_model=SaleView)
    def put_codes(sale_id: SaleId, body: CodesIn, call: Call) -> Response:
        """Set the promo codes and coupons entered for the sale; the answer is the full quote."""
        return writes.run(
            call, lambda: named(till.put_codes(uuid_of(sale_id), tuple(body.codes)), body)
        )

    @router.put("/sales/{sale_id}/tenders", response_model=SaleView)
    def put_tenders(sale_id: SaleId, body: PlannedTendersIn, call: Call) -> Response:
        """Say how the buyer means to pay; promotions for a card or cash are priced by it."""
        kinds, cards = tuple(body.kinds), body.gift_card_minor
        return writes.run(
            call, lambda: named(till.put_tenders(uuid_of(sale_id), kinds, cards), body)
        )


def _paying_routes(router: APIRouter, till: Till, writes: Writes, after: AfterSale) -> None:
    @router.post("/sales/{sale_id}/redeem", response_model=SaleView)
    def redeem(sale_id: SaleId, body: RedeemIn, call: Call) -> Response:
        """Ask for a redemption; the answer says what was approved and why not more."""
        return writes.run(call, lambda: named(till.redeem(uuid_of(sale_id), body.points), body))

    @router.post("/sales/{sale_id}/cancel", response_model=SaleView)
    def cancel(sale_id: SaleId, body: ReasonIn, call: Call) -> Response:
        """Close an open sale without a trace."""
        return writes.run(call, lambda: named(till.cancel(uuid_of(sale_id)), body))

    @router.post("/sales/{sale_id}/confirm", response_model=SaleView)
    def confirm(sale_id: SaleId, body: ConfirmIn, call: Call) -> Response:
        """Commit the sale; on disk when this answers. Paper follows as an event."""

        def work() -> SaleView:
            view = till.confirm(uuid_of(sale_id), body.quote_id, body.basket_hash, body.paid())
            return named(after.with_blocks(view, body.receipt_width), body)

        # The commit is on disk and answers the same by its sale id: the kept answer need not wait.
        return writes.run(call, work)


def _code_routes(router: APIRouter, codes: OneTimeDesk) -> None:
    @router.post("/sales/{sale_id}/one-time-code")
    def ask_code(sale_id: SaleId, body: Request) -> OneTimeCodeOut:
        """Send the member of the sale a one-time code; at most three times for a sale."""
        state, text = codes.ask(uuid_of(sale_id))
        return named(OneTimeCodeOut(state=state, sentence=text), body)

    @router.post("/sales/{sale_id}/one-time-code/check")
    def check_code(sale_id: SaleId, body: OneTimeCodeIn) -> SaleView:
        """Say the code; at most three tries. A right one lets the member redeem."""
        return named(codes.check(uuid_of(sale_id), body.code), body)


def _closed_routes(router: APIRouter, till: Till, writes: Writes, after: AfterSale) -> None:
    @router.get("/sales/{sale_id}/status", response_model=SaleView)
    def status(sale_id: SaleId) -> SaleView:
        """The answer to a lost reply."""
        return after.status(uuid_of(sale_id))

    @router.post("/sales/{sale_id}/void", response_model=SaleView)
    def void(sale_id: SaleId, body: VoidIn, call: Call) -> Response:
        """Undo a committed sale whose paper did not come out; may need a senior's word."""

        def work() -> SaleView:
            return named(after.void(uuid_of(sale_id), body.reason, body.approval), body)

        return writes.run(call, work, durable=True)

    @router.post("/sales/{sale_id}/returns", response_model=ReturnOut)
    def give_back(sale_id: SaleId, body: ReturnIn, call: Call) -> Response:
        """Return goods of a sale: the lines and quantities named, or all that is left. Of another
        register's sale while the centre answers; else `unknown_sale`: send `returns/foreign`."""

        def work() -> ReturnOut:
            command = ReturnSale(
                body.return_id, uuid_of(sale_id), till.new_id(), body.reason, body.wanted()
            )
            given_back = after.give_back(command, body.approval)
            return named(ReturnOut.model_validate(given_back), body)

        def again() -> ReturnOut:
            return named(ReturnOut.model_validate(after.returned(body.return_id)), body)

        return writes.run(call, work, durable=True, again=again)


def _paper_routes(router: APIRouter, till: Till, writes: Writes) -> None:
    @router.get("/print-jobs")
    def waiting_papers() -> list[PrintView]:
        """Papers that are not out yet, oldest first."""
        return till.papers.waiting()

    @router.post("/print-jobs/{job_id}/retry", response_model=PrintView)
    def retry(job_id: SaleId, body: Request, call: Call) -> Response:
        """Print the same document again after a `not_printed`."""
        return writes.run(call, lambda: named(till.papers.retry(job_id), body), durable=True)

    @router.post("/print-jobs/{job_id}/resolve", response_model=PrintView)
    def resolve(job_id: SaleId, body: ResolveIn, call: Call) -> Response:
        """Say what a person saw after an unknown outcome."""
        return writes.run(
            call,
            lambda: named(
                till.papers.resolve(job_id, body.verdict, body.fiscal_number, body.author), body
            ),
            durable=True,
        )


def uuid_of(sale_id: str) -> str:
    """A sale's id in its one spelling. Raises `LoyaltyError` (`bad_id`)."""
    return parse_uuid(sale_id, "sale_id")
