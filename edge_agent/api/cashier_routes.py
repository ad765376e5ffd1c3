"""Routes of the person at the register: a senior's word for one act, and the screen's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Answer, Request, named
from edge_agent.api.shift_routes import CASHIER
from edge_agent.desk import Desk
from edge_agent.errors import Conflict
from edge_agent.sentences import Language
from edge_agent.shift.approvals import GOOD_FOR_S, Approvals, Approved
from edge_agent.shift.languages import Languages
from edge_agent.shift.sign_in import SignIn


class ApprovalIn(Request):
    """Who gives the word, by id and PIN or by badge, for which act and on what. `take_scan` is the
    badge that was just scanned for the question on the screen.

    `subject` is the sale's id; for `cash_out` the kopecks as text."""

    cashier_id: Annotated[str, Field(max_length=32, pattern=rf"({CASHIER})|(^$)")] = ""
    pin: Annotated[str, Field(max_length=12, pattern=r"^[0-9]*$")] = ""
    badge: Annotated[str, Field(max_length=256)] = ""
    take_scan: Annotated[bool, Field(strict=True)] = False
    act: Approved
    subject: Annotated[str, Field(max_length=36)]

    def given(self, scanned: Callable[[], str]) -> SignIn:
        """What was given to tell who it is."""
        badge = scanned() if self.take_scan and not self.badge else self.badge
        if bool(badge) + bool(self.pin) != 1 or not (badge or self.cashier_id):
            raise Conflict("sign_in_unclear", "give id and PIN, or a badge")
        return SignIn(self.cashier_id, self.pin, badge)


class ApprovalOut(Answer):
    """The word: `approval_id` goes into the call that it allows, once, within `good_for_s`."""

    approval_id: str
    cashier_id: str
    name: str
    good_for_s: int


class LocaleIn(Request):
    """The language that whoever is signed in reads."""

    locale: Language


class LocaleOut(Answer):
    """The language from now on."""

    locale: Language


def routes(
    approvals: Approvals, languages: Languages, desk: Desk, cashier: Callable[[], tuple[str, str]]
) -> APIRouter:
    """The router; `cashier` tells id and name of who is signed in."""
    router = APIRouter(prefix="/v1", tags=["shift"], route_class=LateRoute)

    @router.post("/approvals")
    def approve(body: ApprovalIn) -> ApprovalOut:
        """Take a senior's word for one act; 403 for a wrong code, a lock or too low a role."""
        word = approvals.ask(body.given(desk.scans.take_badge), body.act, body.subject)
        told = ApprovalOut(
            approval_id=word.approval_id,
            cashier_id=word.cashier_id,
            name=word.name,
            good_for_s=GOOD_FOR_S,
        )
        return named(told, body)

    @router.put("/panel/locale")
    def choose_locale(body: LocaleIn) -> LocaleOut:
        """Choose the screen's language; remembered for whoever is signed in."""
        languages.choose(cashier()[0], body.locale)
        desk.speak_anew()
        return named(LocaleOut(locale=body.locale), body)

    return router
