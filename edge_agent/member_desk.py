"""A new member, and another card for one, at the cashier's screen: asked of the centre live.

Names and phones stand in no fact and in no file of the register, so without the centre neither can
be done; the sale goes on, and the buyer joins another day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeVar

from pydantic import BaseModel

from edge_agent.clock import Clock
from edge_agent.desk import Desk
from edge_agent.errors import AgentError, Conflict
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.identification import policy_of
from edge_agent.member_views import MemberCard
from edge_agent.till import Till
from loyalty.codes import classify
from loyalty.codes.phone import is_landline, normalise_phone
from sync.contract.feed import FeedRow
from sync.contract.joining import CardReply, CardRequest, JoinReply, JoinRequest
from sync.errors import CentreRefused, CentreUnavailable

T = TypeVar("T")


class CentreSilent(AgentError):
    """The centre did not answer: nothing is lost, nothing was done."""

    status = 503
    retryable = True


class TakesMembers(Protocol):
    """The calls of `sync.centre_client.CentreClient` that are used here."""

    def join(self, request: JoinRequest) -> JoinReply: ...
    def give_card(self, request: CardRequest) -> CardReply: ...


class MemberJoined(BaseModel):
    """`state` is `joined`, or `known` when the phone was somebody's already."""

    state: str
    member: MemberCard | None


class MemberDesk:
    """What the screen, the buyer's tablet and a POS ask; any thread may call.

    `is_online` says whether the centre is there, `apply` puts its rows into the cache."""

    def __init__(
        self,
        desk: Desk,
        till: Till,
        clock: Clock,
        centre: TakesMembers | None,
        is_online: Callable[[], bool],
        apply: Callable[[list[FeedRow]], object],
    ) -> None:
        self._desk = desk
        self._till = till
        self._clock = clock
        self._centre = centre
        self._is_online = is_online
        self._apply = apply

    def join(self, phone: str, name: str, birthday: str, agreed: bool) -> MemberJoined:
        """Take a buyer in; they are the open sale's member from then on, or wait for one.

        Raises `Conflict` (`bad_phone`, `phone_landline`, `bad_name`, `bad_birthday`,
        `consent_needed`) and `CentreSilent` (`join_offline`)."""
        number, state = self._taken_in(phone, name, birthday, agreed)
        found = self._desk.scanned(number, "", "keyboard")
        self._tell(state)
        card = self._till.card(found.member, found.how) if found.member else None
        return MemberJoined(state=state, member=card)

    def join_sale(
        self, sale_id: str, phone: str, name: str, birthday: str, agreed: bool
    ) -> MemberCard:
        """Take a buyer in for this very sale: one that ended meanwhile gives them to no other.

        Raises what `join` and `Till.put_member` raise."""
        number, state = self._taken_in(phone, name, birthday, agreed)
        found = self._desk.identify(number, "", "keyboard")
        if found.member is None or found.how is None:
            raise CentreSilent("join_offline", "the new member is not known here yet")
        self._till.put_member(sale_id, found.member, found.how, asks=True)
        self._tell(state)
        return self._till.card(found.member, found.how)

    def _taken_in(self, phone: str, name: str, birthday: str, agreed: bool) -> tuple[str, str]:
        """Ask the centre; the number as it is kept, and `joined` or `known`."""
        request = self._request(phone, name, birthday, agreed)
        reply = self._asked(lambda centre: centre.join(request), "join_offline")
        self._apply(reply.rows)
        emit(Event.MEMBER_JOINED, state=reply.state)
        return request.phone, reply.state

    def _tell(self, state: str) -> None:
        self._desk.notify("info", "member_joined" if state == "joined" else "member_known_phone")
        self._desk.push()

    def give_card(self, member_id: int, code: str, reason: str, by: str) -> MemberCard:
        """Bind a new card; the earlier ones lead nowhere from then on.

        Raises `Conflict` (`not_a_card`, `card_taken`, `reason_needed`, `unknown_member`) and
        `CentreSilent` (`card_offline`)."""
        found = classify(code, "", "scanner", policy_of(self._till.context().programme))
        token = found.token if found.kind == "member" else None
        if token is None or token.kind != "card":
            raise Conflict("not_a_card", "this code is no member's card")
        if not reason.strip():
            raise Conflict("reason_needed", "say why the card is changed")
        request = CardRequest(
            member_id=member_id, token_key=token.key, reason=reason.strip()[:200], author=by[:80]
        )
        reply = self._asked(lambda centre: centre.give_card(request), "card_offline")
        if reply.state != "bound":
            why = "card_taken" if reply.state == "card_taken" else "unknown_member"
            raise Conflict(why, f"the centre says {reply.state}")
        self._apply(reply.rows)
        emit(Event.CARD_CHANGED, by=by)
        found_now = self._desk.scanned(code, "", "scanner")
        self._desk.notify("info", "card_bound")
        self._desk.push()
        if found_now.member is None:
            raise Conflict("unknown_member", "the new card is not known here yet")
        return self._till.card(found_now.member, found_now.how)

    def _request(self, phone: str, name: str, birthday: str, agreed: bool) -> JoinRequest:
        number = normalise_phone(phone)
        if number is None:
            raise Conflict("phone_landline" if is_landline(phone) else "bad_phone", "no mobile")
        clean = " ".join(name.split())
        if not 1 <= len(clean) <= 80 or not clean.isprintable():
            raise Conflict("bad_name", "a name has 1 to 80 printable characters")
        if not agreed:
            raise Conflict("consent_needed", "the buyer has not agreed")
        return JoinRequest(
            phone=number,
            name=clean,
            birthday=day_of(birthday, self._clock.local().date()) if birthday.strip() else None,
            consent_at=self._clock.stamp(),
        )

    def _asked(self, ask: Callable[[TakesMembers], T], code: str) -> T:
        if self._centre is None or not self._is_online():
            raise CentreSilent(code, "there is no link to the centre")
        try:
            return ask(self._centre)
        except CentreUnavailable as error:
            raise CentreSilent(code, str(error)) from None
        except CentreRefused as error:
            emit(Event.CENTRE_REFUSED, problem=str(error))
            raise CentreSilent(code, str(error)) from None


def day_of(text: str, today: date) -> str:
    """An ISO day of "23.08.1990", "23/08/1990" or "1990-08-23". Raises `Conflict`."""
    parts = text.strip().replace("/", ".").replace("-", ".").split(".")
    try:
        first, middle, last = (int(part) for part in parts)
        day = date(first, middle, last) if first > 31 else date(last, middle, first)
    except ValueError:
        raise Conflict("bad_birthday", "no such day") from None
    if day.year < 1900 or day > today:
        raise Conflict("bad_birthday", "out of bounds")
    return day.isoformat()
