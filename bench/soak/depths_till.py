"""The second depth's registers: the product's use cases and SQL, with clock and network given.

Files lie in memory (tmpfs). The register speaks to a `Server` of `sync.serving.port`; what
becomes of a message is the order's word.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from bench.soak.depths_link import Link, Portion
from bench.soak.depths_plan import (
    EARNED_POINTS,
    PRICE_MINOR,
    Fate,
    Order,
    Sold,
    auth_number,
    store_name,
    till_name,
    uuid_of,
)
from edge_agent.clock import Clock
from edge_agent.errors import Conflict
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.store import Store
from edge_agent.usecases.commit_sale import Confirm, Repriced, commit_sale
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft, load_draft
from edge_agent.usecases.identified import Identification
from edge_agent.usecases.open_sale import OpenSale, cancel_sale, open_sale
from edge_agent.usecases.record_print import PaperVerdict, record_print, start_printing, void_sale
from edge_agent.usecases.redeem_points import Asked, ask_redemption, decide_redemption
from edge_agent.usecases.return_rights import AskedBack, give_back_rights
from edge_agent.usecases.return_sale import ReturnSale, return_sale
from edge_agent.usecases.spendable import shown_balance
from loyalty.basket import Basket, LineItem, Tender
from loyalty.member import Strength
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from sync.contract.bundle import BundleDraft
from sync.contract.live import AuthorisationReply, AuthorisationRequest
from sync.downlink import Downlink
from sync.errors import CentreUnavailable
from sync.serving.port import Caller
from sync.uplink import Uplink

T = TypeVar("T")
RULES: dict[str, Any] = {
    "programme": {"redeem_max_share_bp": 5_000, "accrual_valid_days": 3_650},
    "promotions": [
        {
            "promotion_id": "earn",
            "name": {"uk": "За покупку", "en": "For a purchase"},
            "effect": {"kind": "accrue_fixed", "target": {"all": True}, "points": EARNED_POINTS},
            "conditions": [{"kind": "member_known"}],
        },
    ],
}
_BASKET = Basket((LineItem("1", "1", "Хліб", 1_000, PRICE_MINOR, PRICE_MINOR),))
_HOW = Identification("card", Strength.STATIC_CODE, "scanner")


def compiled() -> CompiledRuleset:
    """The rules of every register."""
    return compile_ruleset(BundleDraft.model_validate(RULES).to_ruleset(1))


class PowerCut(BaseException):
    """The machine stops inside an order."""


class RealTill:
    """One register on its files."""

    def __init__(
        self,
        folder: Path,
        till: int,
        prints: bool,
        rules: CompiledRuleset,
        link: Link,
        now: Callable[[], datetime],
    ) -> None:
        self.till = till
        self.prints = prints
        self.link = link
        self.epoch = link.caller.epoch
        self._folder = folder
        self._rules = rules
        self._now = now
        self._offset = timedelta()
        self._stands: datetime | None = None
        self._kept: bytes | None = None
        """What a power cut would leave; None where none is near."""
        self.clock = Clock(
            wall=self._wall, monotonic=lambda: now().timestamp(), boot=lambda: "simulated"
        )
        self._open_files()

    def _wall(self) -> datetime:
        return self._stands or self._now() + self._offset

    def set_clock(self, offset_min: int, is_frozen: bool) -> None:
        """The machine's wall clock is off, or stands still where it now is."""
        self._stands = None
        self._offset = timedelta(minutes=offset_min)
        self._stands = self._wall() if is_frozen else None

    # --- files --------------------------------------------------------------------------------

    def _open_files(self) -> None:
        self.ledger = Ledger(self._folder / "ledger.db", till_name(self.till), self.epoch)
        self.cache = Cache(self._folder / "cache.db")
        self.outbox = Outbox(self.ledger, till_name(self.till))

    def close(self) -> None:
        """Let go of the files."""
        self.ledger.close()
        self.cache.close()

    def crash(self) -> None:
        """The process stops between two transactions and starts again; without power the disk
        has what it was asked to keep."""
        self.close()
        if self._kept is not None:
            for name in ("ledger.db-wal", "ledger.db-shm"):
                (self._folder / name).unlink(missing_ok=True)
            (self._folder / "ledger.db").write_bytes(self._kept)
            self._kept = None
        self._open_files()

    def replace(self, caller: Caller) -> None:
        """Enrolled anew on the same files."""
        self.close()
        self.link = Link(self.link.server, caller, self.link._flying)
        self.epoch = caller.epoch
        self._open_files()

    def _image(self) -> bytes:
        """The ledger as it stands."""
        return self.ledger.query(lambda connection: connection.serialize())

    def _unit(self, work: Callable[[Store], T], *, durable: bool) -> T:
        """A transaction; what a durable one leaves is what a power cut leaves."""
        result = self.ledger.unit(work, durable=durable)
        if durable and self._kept is not None:
            self._kept = self._image()
        return result

    # --- a sale -------------------------------------------------------------------------------

    def context(self, is_online: bool) -> RegisterContext:
        """The surroundings of one use case."""
        return RegisterContext(
            register_id=till_name(self.till),
            store_id=store_name(self.till),
            store_name=store_name(self.till),
            epoch=self.epoch,
            clock=self.clock,
            members=self.cache,
            rules=self._rules,
            is_online=is_online,
            balance_as_of="",
            locale="uk",
            cash_step_minor=10,
            prints=self.prints,
            cashier="1",
            agent_version="0",
            is_head_confirmed=True,
        )

    def sell(self, order: Order) -> Sold:
        """One order up to its end or its crash."""
        self._kept = self._image() if order.loses_power else None
        sold: Sold | None = None
        with suppress(PowerCut):
            sold = self._sell(order)
        if not order.crash:
            assert sold is not None
            return sold
        self.crash()
        sale_id = uuid_of("sale", order.sale)
        row = self.ledger.unit(lambda uow: uow.sale(sale_id), durable=False)
        if sold is None:
            return Sold("open" if row else "unknown")
        if row is None or row.state not in ("committed", "posted"):
            raise AssertionError(f"durable: sale {order.sale} was approved and is on no disk")
        return sold

    def _sell(self, order: Order) -> Sold:
        ctx = self.context(order.is_online)
        sale_id = uuid_of("sale", order.sale)
        member = self.cache.member(order.member) if order.member else None
        how = _HOW if member else None
        command = OpenSale(sale_id, _BASKET, member, how)
        draft = self._unit(lambda uow: open_sale(uow, ctx, command), durable=False)
        if member is not None and order.wanted:
            draft = self._redeem(ctx, order, sale_id)
        elif order.crash in ("asked", "heard", "decided"):
            raise PowerCut
        return self._commit(ctx, order, sale_id, draft)

    def _redeem(self, ctx: RegisterContext, order: Order, sale_id: str) -> Draft:
        number = self.ledger.unit(lambda uow: uow.next_number(), durable=False)
        auth_id = uuid_of("auth", auth_number(self.till, self.epoch, number))
        asked = self._unit(
            lambda uow: ask_redemption(uow, ctx, sale_id, order.wanted, auth_id),
            durable=order.is_online,
        )
        assert isinstance(asked, Asked)
        self.link.void(asked.dropped_auth_id, order.void_fate)
        if order.crash == "asked":
            raise PowerCut
        reply = self._authorise(order, asked) if order.is_online and asked.points else None
        if order.crash == "heard":
            raise PowerCut
        draft = self._unit(lambda uow: decide_redemption(uow, ctx, asked, reply), durable=False)
        if order.crash == "decided":
            raise PowerCut
        return draft

    def _authorise(self, order: Order, asked: Asked) -> AuthorisationReply | None:
        request = AuthorisationRequest(
            auth_id=asked.auth_id,
            sale_id=asked.sale_id,
            member_id=asked.member_id,
            points=asked.points,
            number=asked.number,
        )
        return self.link.authorise(request, order.fate)

    def _commit(self, ctx: RegisterContext, order: Order, sale_id: str, draft: Draft) -> Sold:
        assert draft.quote is not None
        tenders = (Tender("card", draft.quote.payable_minor),)
        job_id = uuid_of("job", order.sale)
        command = Confirm(sale_id, draft.quote_id, draft.basket_hash, tenders, job_id)
        result = self.commit(ctx, command)
        if isinstance(result, Repriced):
            # What it was decided on no longer stands: the till shows the new price first.
            return Sold("open")
        used = self.ledger.unit(lambda uow: uow.authorisation(draft.auth_id), durable=False)
        if used is None or used.state != "used":
            return Sold("committed")
        return Sold("committed", used.hold_points, used.lease_points)

    def commit(self, ctx: RegisterContext, command: Confirm) -> dict[str, Any] | Repriced:
        """The sale's transaction; the goods leave when it returns."""
        return self._unit(lambda uow: commit_sale(uow, ctx, command), durable=True)

    def finish(self, order: Order) -> Sold:
        """The till confirms an open sale as it was decided."""
        sale_id = uuid_of("sale", order.sale)
        row = self.ledger.unit(lambda uow: uow.sale(sale_id), durable=False)
        assert row is not None
        try:
            return self._commit(self.context(True), order, sale_id, load_draft(row.draft))
        except Conflict as refused:
            if refused.code != "not_authorised":
                raise
            return Sold("open")

    def cancel(self, sale: int, fate: Fate) -> None:
        """The customer leaves; the hold is given back."""
        ctx = self.context(True)
        sale_id = uuid_of("sale", sale)
        auth_id = self.ledger.unit(lambda uow: cancel_sale(uow, ctx, sale_id))
        self.link.void(auth_id, fate)

    # --- after the sale -----------------------------------------------------------------------

    def paper(self, subject: int, is_return: bool, is_printed: bool) -> None:
        """A verdict on the paper of a sale or a return; a refused one is tried once more."""
        ctx = self.context(True)
        job_id = uuid_of("return job" if is_return else "job", subject)
        verdict = PaperVerdict(job_id, "printed" if is_printed else "not_printed")

        def work(uow: Store) -> None:
            start_printing(uow, ctx, job_id)
            record_print(uow, ctx, verdict)

        self.ledger.unit(work)

    def void(self, sale: int) -> None:
        """Undo a sale whose paper did not come out."""
        ctx = self.context(True)
        self.ledger.unit(lambda uow: void_sale(uow, ctx, uuid_of("sale", sale), "paper"))

    def give_back(self, sale: int) -> None:
        """All goods of a sale come back."""
        ctx = self.context(True)
        command = ReturnSale(
            uuid_of("return", sale), uuid_of("sale", sale), uuid_of("return job", sale)
        )
        self.ledger.unit(lambda uow: return_sale(uow, ctx, command))

    # --- sync ---------------------------------------------------------------------------------

    def push(self, most: int, fate: Fate) -> int:
        """Send the oldest facts; what the centre has of their life."""
        self.link.fate = fate
        self.link.head = 0
        uplink = Uplink(self.link, Portion(self.outbox, most))
        with suppress(CentreUnavailable):
            uplink.push_once()
        return self.link.head

    def pull(self, fate: Fate) -> None:
        """Follow the feed to its end."""
        self.link.fate = fate
        downlink = Downlink(self.link, self.cache)
        with suppress(CentreUnavailable):
            while downlink.pull_once().more:
                pass
            self._answer_centre()

    def _answer_centre(self) -> None:
        """Give back what the centre's rows ask for."""
        who = (till_name(self.till), self.epoch)
        asked = AskedBack(self.cache.lease_recalls(*who))
        if asked:
            ctx = self.context(True)
            self.ledger.unit(lambda uow: give_back_rights(uow, ctx, asked))

    def shown(self, member_id: int) -> int:
        """The balance that the register would show."""
        ctx = self.context(True)
        member = self.cache.member(member_id)
        if member is None:
            return 0
        return self.ledger.unit(lambda uow: shown_balance(uow, ctx, member), durable=False)


@cache
def _blank() -> dict[str, bytes]:
    """Empty files of a register: migrating them takes longer than many sales."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Ledger(folder / "ledger.db", "template", 1)
        ledger.write(lambda connection: connection.execute("DELETE FROM meta"))
        ledger.close()
        Cache(folder / "cache.db").close()
        return {each: (folder / each).read_bytes() for each in ("ledger.db", "cache.db")}


def blank_folder(folder: Path) -> Path:
    """A register's folder with empty files."""
    folder.mkdir()
    for name, content in _blank().items():
        (folder / name).write_bytes(content)
    return folder
