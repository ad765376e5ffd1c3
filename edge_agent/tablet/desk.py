"""What a paired tablet may know and do: whether a sale waits for a member, and one form for it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from edge_agent.desk import Desk
from edge_agent.errors import Conflict
from edge_agent.member_desk import MemberDesk
from edge_agent.sentences import Language
from edge_agent.tablet.pairing import CODE_S, Pairing

FORMS_A_SALE: Final = 5


class TabletState(BaseModel):
    """Everything a tablet is told. `visit` names the open sale to this process alone; `phase` is
    `form` while a sale waits for a member, `member` when it has one, else `closed`. `consent` is
    the programme's own text, "" for the page's."""

    phase: Literal["closed", "form", "member"]
    visit: str
    locale: Language
    store_name: str
    consent: str


class JoinForm(BaseModel, extra="forbid"):
    """What the buyer typed, for the sale that the page saw."""

    visit: Annotated[str, Field(min_length=1, max_length=64)]
    phone: Annotated[str, Field(max_length=40)]
    name: Annotated[str, Field(max_length=80)]
    birthday: Annotated[str, Field(max_length=10)] = ""
    agreed: Annotated[bool, Field(strict=True)]


class TabletDesk:
    """Between the tablet's page and the register; any thread may call."""

    def __init__(
        self,
        desk: Desk,
        members: MemberDesk,
        pairing: Pairing,
        locale: Language,
        consent: str,
    ) -> None:
        self.pairing = pairing
        self._desk = desk
        self._members = members
        self._locale = locale
        self._consent = consent
        self._salt = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._sent: tuple[str, int] = ("", 0)

    def state(self) -> TabletState:
        """As of now; nothing of any member is in it."""
        seen = self._desk.state()
        sale = seen.sale if self._desk.open_sale_id() else None
        phase: Literal["closed", "form", "member"] = "closed"
        if sale is not None:
            phase = "member" if sale.member else "form"
        return TabletState(
            phase=phase,
            visit=self._visit(sale.sale_id) if sale is not None else "",
            locale=self._locale,
            store_name=seen.strip.store_name,
            consent=self._consent,
        )

    def join(self, form: JoinForm) -> None:
        """Make the buyer the open sale's member. Whether the phone was somebody's already is not
        told.

        Raises `Conflict` (`tablet_sale_gone`, `tablet_too_many`, `bad_phone`, …) and
        `CentreSilent`."""
        with self._lock:  # one form after another: two cannot take one sale
            sale_id = self._desk.open_sale_id()
            if not sale_id or not hmac.compare_digest(
                form.visit.encode(), self._visit(sale_id).encode()
            ):
                raise Conflict("tablet_sale_gone", "another sale, or none, is open now")
            sale = self._desk.state().sale
            if sale is not None and sale.member is not None:
                raise Conflict("tablet_sale_gone", "the sale has a member already")
            self._count(form.visit)
            self._members.join_sale(sale_id, form.phone, form.name, form.birthday, form.agreed)

    def show_code(self) -> None:
        """A new pairing code, on the cashier's screen and nowhere else."""
        code = self.pairing.new_code()
        words = {
            "uk": "Код для планшета: {} (діє {} хв)",
            "en": "Code for the tablet: {} (good for {} min)",
            "pl": "Kod dla tabletu: {} (ważny {} min)",
        }[self._desk.language()]
        shown = words.format(f"{code[:3]} {code[3:]}", int(CODE_S) // 60)
        self._desk.notify("info", "tablet_code", shown)
        self._desk.push()

    def revoke(self) -> int:
        """End every tablet's session and clear the code from the screen."""
        ended = self.pairing.revoke()
        self._desk.notify("info", "tablet_revoked")
        self._desk.push()
        return ended

    def _count(self, visit: str) -> None:
        """Bounds how many phones a stranger can try at one sale."""
        seen, sent = self._sent
        sent = sent + 1 if seen == visit else 1
        if sent > FORMS_A_SALE:
            raise Conflict("tablet_too_many", f"{FORMS_A_SALE} forms were sent for this sale")
        self._sent = visit, sent

    def _visit(self, sale_id: str) -> str:
        return hmac.new(self._salt, sale_id.encode(), hashlib.sha256).hexdigest()[:32]
