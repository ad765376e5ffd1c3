"""Routes of the shift: sign-in, opening, X and Z, service cash, and how it stands."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from drivers.shift import MAX_CASH_MINOR
from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import ApprovalId, Request, named
from edge_agent.api.writes import Call, Writes
from edge_agent.errors import Conflict
from edge_agent.shift.approvals import Approvals
from edge_agent.shift.desk import ShiftDesk
from edge_agent.shift.sign_in import SignIn
from edge_agent.shift.views import ShiftView
from sync.contract.basket_models import Short

CASHIER = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"


class SignInIn(Request):
    """Id and PIN, or a badge's code; an id alone with `by_pos` where the POS knows who works."""

    cashier_id: Annotated[str, Field(max_length=32, pattern=rf"({CASHIER})|(^$)")] = ""
    pin: Annotated[str, Field(max_length=12, pattern=r"^[0-9]*$")] = ""
    badge: Annotated[str, Field(max_length=256)] = ""
    by_pos: Annotated[bool, Field(strict=True)] = False


class CashIn(Request):
    """Kopecks of service cash."""

    amount_minor: Annotated[int, Field(strict=True, gt=0, le=MAX_CASH_MINOR)]


class CashOut(CashIn):
    """Kopecks out of the drawer, and a senior's word where the person signed in is none."""

    approval: ApprovalId = ""


class ActSeenIn(Request):
    """What a person saw on the paper of an act whose end was unknown."""

    verdict: Literal["printed", "not_printed"]
    number: Short = ""
    author: Annotated[str, Field(min_length=1, max_length=40)]


def routes(desk: ShiftDesk, approvals: Approvals, writes: Writes) -> APIRouter:
    """The router over one register's shift."""
    router = APIRouter(prefix="/v1/shift", tags=["shift"], route_class=LateRoute)

    @router.get("")
    def shift() -> ShiftView:
        """The shift, who is signed in, what loyalty did, what waits, and warnings."""
        return desk.view()

    @router.post("/sign-in")
    def sign_in(body: SignInIn) -> ShiftView:
        """Sign a cashier in; 403 with a sentence for a wrong code or while locked out."""
        given = SignIn(body.cashier_id, body.pin, body.badge, body.by_pos)
        if bool(body.badge) + bool(body.pin) + body.by_pos != 1 or not (
            body.badge or body.cashier_id
        ):
            raise Conflict("sign_in_unclear", "give id and PIN, a badge, or id and by_pos")
        return named(desk.sign_in(given), body)

    @router.post("/sign-out")
    def sign_out(body: Request) -> ShiftView:
        """Nobody is signed in any more."""
        return named(desk.sign_out(), body)

    _acts(router, desk, writes)
    _cash(router, desk, approvals, writes)
    return router


def _acts(router: APIRouter, desk: ShiftDesk, writes: Writes) -> None:
    @router.post("/open", response_model=ShiftView)
    def open_shift(body: Request, call: Call) -> Response:
        """Open the shift; again changes nothing."""
        return writes.run(call, lambda: named(desk.open(), body), durable=True)

    @router.post("/x", response_model=ShiftView)
    def x_report(body: Request, call: Call) -> Response:
        """An X report with the loyalty slip; where the POS prints, only our figures."""
        return writes.run(call, lambda: named(desk.x(), body), durable=True)

    @router.post("/z", response_model=ShiftView)
    def z_report(body: Request, call: Call) -> Response:
        """The Z report, once; refused while a receipt's end is unknown. Paper follows."""
        return writes.run(call, lambda: named(desk.z(), body), durable=True)

    @router.post("/acts/{job_id}/resolve", response_model=ShiftView)
    def resolve(job_id: str, body: ActSeenIn, call: Call) -> Response:
        """Say what a person saw after an unknown end."""
        return writes.run(
            call,
            lambda: named(desk.resolve(job_id, body.verdict, body.number, body.author), body),
            durable=True,
        )


def _cash(router: APIRouter, desk: ShiftDesk, approvals: Approvals, writes: Writes) -> None:
    @router.post("/cash-in", response_model=ShiftView)
    def cash_in(body: CashIn, call: Call) -> Response:
        """Service cash into the drawer."""
        return writes.run(
            call, lambda: named(desk.move_cash("cash_in", body.amount_minor), body), durable=True
        )

    @router.post("/cash-out", response_model=ShiftView)
    def cash_out(body: CashOut, call: Call) -> Response:
        """Service cash out of the drawer; needs a senior cashier, or a senior's word."""
        amount = body.amount_minor

        def work() -> ShiftView:
            def take(by: str) -> ShiftView:
                return desk.move_cash("cash_out", amount, by)

            return named(approvals.run("cash_out", str(amount), body.approval, take), body)

        return writes.run(call, work, durable=True)
