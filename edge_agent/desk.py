"""The cashier's desk: what lies on it now (sale, waiting member, notice) and what a scan does."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from edge_agent.broadcast import Broadcast
from edge_agent.clock import Clock
from edge_agent.codes_views import GiftCardView
from edge_agent.errors import AgentError, Conflict, NotFound
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.identification import Identified, Identifier
from edge_agent.panel_state import ChoiceView, DeviceState, Notice, PanelState, Strip, screen_json
from edge_agent.scan_intake import ScanIntake
from edge_agent.sentences import Language, said_anywhere, sentence
from edge_agent.shift.now import ShiftNow
from edge_agent.till import Till
from edge_agent.usecases.drafts import Identification
from edge_agent.usecases.open_sale import OpenSale
from edge_agent.views import PrintView, SaleView
from loyalty.basket import Basket, LineItem
from loyalty.errors import LoyaltyError
from loyalty.member import Member, ScanSource
from loyalty.money import line_sum
from loyalty.stamps import with_quantity

WAITING_S = 120.0


class Goods(Protocol):
    """The cached assortment, as lines of one unit (or of the weight inside the code)."""

    def line_for(self, code: str) -> LineItem | None: ...


class Desk:
    """Holds the present state and pushes it, whole, after every change."""

    def __init__(
        self,
        till: Till,
        identifier: Identifier,
        goods: Goods,
        broadcast: Broadcast,
        clock: Clock,
        strip: Callable[[], Strip],
    ) -> None:
        self._till = till
        self._identifier = identifier
        self._goods = goods
        self._broadcast = broadcast
        self._clock = clock
        self._strip = strip
        self._lock = threading.RLock()
        self._revision = 0
        self._sale: SaleView | None = None
        self._serial = 0
        self._papers: list[PrintView] = []
        self._waiting: tuple[Member, Identification, float] | None = None
        self._notice: Notice | None = None
        self.scans = ScanIntake(self, self._lock, clock.monotonic)
        self._question: tuple[Identified, ...] = ()
        self.devices: dict[str, DeviceState] = {"printer": "none", "scanner": "none"}
        self.on_member: Callable[[int], None] = lambda _member_id: None
        self.first_look: Callable[[str, str], Identified | None] = lambda _text, _symbology: None
        self.meant: Callable[[Identified, str], Identified] = lambda found, _text: found
        self.on_code: Callable[[Identified], None] = lambda _found: None
        self.overheard: Callable[[Identified, str], None] = lambda _found, _text: None
        self.gift_card: GiftCardView | None = None
        self.has_tablet = False
        self.shift: Callable[[], ShiftNow | None] = lambda: None
        self.language: Callable[[], Language] = lambda: till.who.locale
        self.spoken: Language = till.who.locale
        identifier.has_good = lambda code: goods.line_for(code) is not None
        till.on_sale = self.show
        till.on_abandoned = self._tell_abandoned

    # --- state ------------------------------------------------------------------------------

    def state(self) -> PanelState:
        """The state as of now."""
        with self._lock:
            waiting = self._fresh_waiting()
            card = self._till.card(waiting[0], waiting[1]) if waiting else None
            return PanelState(
                revision=self._revision,
                locale=self.language(),
                at=self._clock.stamp(),
                strip=self._strip(),
                waiting=card,
                sale=self._sale,
                notice=self._notice,
                attention=self._papers,
                choices=[self._choice(one) for one in self._question],
                shift=self.shift(),
                scan=self.scans.told,
                gift_card=self.gift_card,
                training=self._till.who.is_training,
                tablet=self.has_tablet,
            )

    def push(self) -> None:
        """Send the state to every listener."""
        with self._lock:
            self._revision = self._broadcast.next_revision()
            if self._broadcast.is_heard:
                self._broadcast.publish("state", screen_json(self.state()))

    def refresh(self) -> None:
        """Rows of the centre came in: the card on the desk may show an older balance."""
        with self._lock:
            sale = self._sale
        if sale is not None:
            self._till.show_again(sale.sale_id)
        else:
            self.push()

    def speak_anew(self) -> None:
        """The screen has another language: what stands on it is said again."""
        with self._lock:
            notice, self.spoken = self._notice, self.language()
            if notice is not None and notice.text in said_anywhere(notice.code):
                text = sentence(notice.code, self.spoken)
                self._notice = notice.model_copy(update={"text": text})
            self._papers = self._attention()
        self.refresh()

    def show(self, view: SaleView, serial: int) -> None:
        """A sale changed; an open one, or the one on the desk, is what the cashier looks at."""
        with self._lock:
            if self._is_news(view, serial):
                self._next_buyer(view)
                self._sale, self._serial = (None if view.is_parked else view), serial
            if view.state != "open":
                self._papers = self._attention()
            self.push()

    def _is_news(self, view: SaleView, serial: int) -> bool:
        """Views of one sale may come from two threads in the wrong order."""
        if self._sale is not None and self._sale.sale_id == view.sale_id:
            return serial >= self._serial
        if view.is_parked:
            return False
        return view.state == "open" or self._open_sale() is None

    def device(self, name: str, state: DeviceState) -> None:
        """A device came, went or changed its mind."""
        with self._lock:
            if self.devices.get(name) != state:
                self.devices[name] = state
                self.push()

    def notify(self, kind: str, code: str, text: str = "") -> None:
        """Show one sentence."""
        with self._lock:
            self._notice = Notice.model_validate(
                {
                    "kind": kind,
                    "code": code,
                    "text": text or sentence(code, self.language()),
                    "at": self._clock.stamp(),
                }
            )

    def _tell_abandoned(self) -> None:
        with self._lock:
            self.notify("warn", "abandoned")
            self.refresh()

    def _attention(self) -> list[PrintView]:
        waiting = self._till.papers.waiting(self.language())
        return [job for job in waiting if job.state in ("not_printed", "unknown")]

    def _open_sale(self) -> SaleView | None:
        sale = self._sale
        return sale if sale is not None and sale.state == "open" and not sale.is_parked else None

    # --- scans ------------------------------------------------------------------------------

    def identify(self, text: str, symbology: str, source: ScanSource) -> Identified:
        """Say what a code is, without doing anything about it."""
        found = self._identifier.identify(text, symbology, source, self._till.context().programme)
        if found.member is not None:
            self.on_member(found.member.member_id)
        return found

    def member_of(self, code: str) -> int | None:
        """The member whose code it is, or nobody (a cashier's own card)."""
        found = self.identify(code, "", "pos").member if code else None
        return found.member_id if found else None

    def scanned(self, text: str, symbology: str, source: ScanSource) -> Identified:
        """Identify a code and do what it means here; never raises for what was scanned."""
        taken = self.scans.taken(text) or self.first_look(text, symbology)
        if taken is not None:
            return taken
        found = self.identify(text, symbology, source)
        if found.kind == "unknown":
            found = self.meant(found, text)
        with self._lock:
            self._act(found)
            heard = {
                "kind": found.kind,
                "masked": found.masked,
                "reason": found.reason,
                "signal": found.signal,
            }
            self._broadcast.publish("scan", json.dumps(heard))
        self.overheard(found, text)
        emit(
            Event.SCAN_UNKNOWN if found.kind == "unknown" else Event.SCAN_READ,
            kind=found.kind,
            reason=found.reason,
        )
        return found

    def _act(self, found: Identified) -> None:
        self._notice, self._question, self.gift_card = None, found.choices, None
        if found.kind == "member" and found.member and found.how:
            self._member_came(found.member, found.how)
            if found.reason:
                self.notify("warn", found.reason)
                self.push()
        elif found.kind == "product":
            self._product_came(found.code)
        elif found.kind in ("code", "gift_card"):
            self.on_code(found)
        else:
            self.notify("warn", found.reason)
            self.push()

    def choose(self, place: int) -> None:
        """The cashier says which of the choices on the screen was scanned; from 0."""
        with self._lock:
            if not 0 <= place < len(self._question):
                raise NotFound("no_choice", "nothing is asked about a scan now")
            self._act(self._question[place])

    def scans_dropped(self) -> None:
        """Scans were left out whose buyer is gone: the cashier is told."""
        with self._lock:
            self.notify("warn", "scan_dropped")
            self.push()

    def open_sale_id(self) -> str:
        """Id of the open sale, "" without one."""
        sale = self._open_sale()
        return sale.sale_id if sale is not None else ""

    def _next_buyer(self, view: SaleView) -> None:
        if view.state == "open" and view.sale_id != self.open_sale_id():
            self._question = ()
            self.scans.next_buyer()

    def _choice(self, one: Identified) -> ChoiceView:
        if one.member is not None:
            return ChoiceView(kind="member", label=one.member.name)
        line = self._goods.line_for(one.code)
        return ChoiceView(kind="product", label=line.name if line is not None else one.code)

    def rules_arrived(self) -> None:
        """New rules are on disk: in force now, unless a receipt is open."""
        if self._open_sale() is None:
            self._till.activate_rules()
        self.push()

    def resume(self) -> None:
        """After a restart: put the sale that was open back on the desk."""
        self._papers = self._attention()
        self._till.show_latest_open()

    def _member_came(self, member: Member, how: Identification) -> None:
        sale = self._open_sale()
        present = sale.member.member_id if sale and sale.member else None
        if sale is None or (present is not None and present != member.member_id):
            self._waiting = (member, how, self._clock.monotonic())
            if present is not None:
                self.notify("warn", "other_member")
            self.push()
        elif present is None:
            try:
                self._till.put_member(sale.sale_id, member, how)
            except AgentError:
                # The POS closed the sale at this very moment: the member is the next one's.
                self._waiting = (member, how, self._clock.monotonic())
                self.push()

    def _product_came(self, code: str) -> None:
        sale = self._open_sale()
        if sale is not None and sale.origin != "panel":
            return
        try:
            self.add_good(code)
        except (AgentError, LoyaltyError) as error:
            self.notify("warn", error.code)
            self.push()

    def _fresh_waiting(self) -> tuple[Member, Identification] | None:
        if self._waiting is None:
            return None
        member, how, since = self._waiting
        if self._clock.monotonic() - since > WAITING_S:
            self._waiting = None
            return None
        return member, how

    def take_waiting(self) -> tuple[Member, Identification] | None:
        """The member who was scanned before the sale opened; taken once, for two minutes."""
        with self._lock:
            waiting = self._fresh_waiting()
            self._waiting = None
            return waiting

    def replace_member(self, sale_id: str) -> SaleView:
        """Give the sale to the member who was scanned second."""
        waiting = self.take_waiting()
        if waiting is None:
            raise NotFound("no_waiting_member", "nobody was scanned in the last two minutes")
        return self._till.put_member(sale_id, *waiting)

    # --- a sale driven by the panel itself --------------------------------------------------

    def begin(self) -> SaleView:
        """Open a sale of the panel's own, with the waiting member."""
        with self._lock:
            sale = self._open_sale()
            if sale is not None:
                return sale
            member, how = self.take_waiting() or (None, None)
            self._notice = None
            return self._till.open(
                OpenSale(str(uuid.uuid4()), member=member, identification=how, origin="panel")
            )

    def add_good(self, code: str, qty_milli: int | None = None) -> SaleView:
        """Add one unit (or the weight in the code, or `qty_milli`) of a good to the own sale."""
        line = self._goods.line_for(code)
        if line is None:
            raise NotFound("unknown_good", f"no good under {code[:32]!r}")
        with self._lock:
            sale = self.begin()
            lines = self._lines_of(sale)
            same = next(
                (item for item in lines if item.sku == line.sku and not item.is_weighed), None
            )
            if same is not None:
                return self.set_quantity(same.line_id, same.qty_milli + (qty_milli or 1000))
            quantity = qty_milli or line.qty_milli
            number = max((int(item.line_id) for item in lines), default=0) + 1
            fresh = replace(
                line,
                line_id=str(number),
                qty_milli=quantity,
                sum_minor=line_sum(line.unit_price_minor, quantity),
            )
            return self._till.put_basket(sale.sale_id, Basket((*lines, fresh)))

    def set_quantity(self, line_id: str, qty_milli: int) -> SaleView:
        """Change a line's quantity; 0 removes the line."""
        with self._lock:
            sale = self._own()
            lines = [
                with_quantity(item, qty_milli, line_sum(item.unit_price_minor, qty_milli))
                if item.line_id == line_id
                else item
                for item in self._lines_of(sale)
                if item.line_id != line_id or qty_milli > 0
            ]
            return self._till.put_basket(sale.sale_id, Basket(tuple(lines)))

    def own_sale(self) -> SaleView | None:
        """The open sale where it is the screen's own."""
        sale = self._open_sale()
        return sale if sale is not None and sale.origin == "panel" else None

    def change_own(self, change: Callable[[Basket], Basket]) -> SaleView:
        """Put the basket that `change` makes of the own sale's."""
        with self._lock:
            sale_id = self._own().sale_id
            return self._till.put_basket(sale_id, change(self._till.basket_of(sale_id)))

    def _own(self) -> SaleView:
        sale = self._open_sale()
        if sale is None or sale.origin != "panel":
            raise Conflict("not_panel_sale", "the open sale belongs to the POS")
        return sale

    def _lines_of(self, sale: SaleView) -> list[LineItem]:
        if sale.origin != "panel":
            raise Conflict("not_panel_sale", "the open sale belongs to the POS")
        return list(self._till.basket_of(sale.sale_id).lines)
