"""The product's register in an island: its use cases on its `ledger.db`, told what the pure one is.

Files lie in memory. Balances are ample here, so that rights and not balances decide; the balance
that is shown is compared in `depths_judged`. A process that dies leaves what its files hold.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.soak.depths_plan import PRICE_MINOR
from bench.soak.depths_till import blank_folder, compiled
from bench.soak.islands_counters import counter_row
from bench.soak.islands_hub import auth_id_of, name_of
from edge_agent.clock import Clock
from edge_agent.hub.port import Island, IslandClaim
from edge_agent.ledger import hub_news
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ports import LeaseView
from edge_agent.usecases.commit_sale import Confirm, Repriced, commit_sale
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.identified import Identification
from edge_agent.usecases.identified import ShownPurse as ScannedPurse
from edge_agent.usecases.open_sale import OpenSale, cancel_sale, open_sale
from edge_agent.usecases.redeem_points import Asked, ask_redemption, decide_redemption
from edge_agent.usecases.return_rights import raise_floor, return_leases
from loyalty.authorisation.decision import Claimed
from loyalty.authorisation.policy import Policy
from loyalty.basket import Basket, LineItem, Tender
from loyalty.member import Member, Strength
from loyalty.promotions.compile import CompiledRuleset
from loyalty.protocol import AuthId
from loyalty.protocol.register import ShownPurse
from loyalty.purse import store_tag
from sync.contract.feed import FeedLease
from sync.contract.live import AuthorisationReply
from sync.contract.messages import ItemVerdict, UploadReply
from sync.contract.rights import FeedCounterLease

if TYPE_CHECKING:
    from bench.soak.islands_register import TwinRegister

UNIX = datetime(1970, 1, 1, tzinfo=UTC)
BASE_MIN = 29_900_000
"""Minute 0 of the simulation, in minutes since 1970: November 2026."""
LATER_MIN = 40_000_000
"""Before any minute at which a code was on a screen here: each one is later than the last."""
AMPLE = 10**6
BASKET = Basket((LineItem("1", "1", "Хліб", 1_000, PRICE_MINOR, PRICE_MINOR),))
Parts = tuple[tuple[str, str, int], ...]


@cache
def rules() -> CompiledRuleset:
    """The same at every register."""
    return compiled()


def lease_name(hub: int, member: int) -> str:
    """A store's lease of a member, by its hub."""
    return f"{name_of(hub)}.1.{member}"


class Known:
    """What the feed has told the register: ample balances, the policy, the centre's head."""

    def __init__(self, pure: TwinRegister) -> None:
        self._pure = pure
        self.applied = (0, 0)

    def find_member_by_token(self, _key: str) -> Member | None:
        """Members come by number here."""
        return None

    def member(self, member_id: int) -> Member | None:
        """Everybody is known."""
        return Member(member_id, "", AMPLE)

    def lease_for(self, _member_id: int, _register_id: str, _epoch: int) -> LeaseView | None:
        """Leases are the hub's."""
        return None

    def applied_seq(self) -> tuple[int, int]:
        """Own facts that the centre has."""
        return self.applied

    def offline_policy(self) -> Policy | None:
        """The simulation's."""
        return self._pure.policy

    def is_denied(self, _member_id: int) -> bool:
        """Nobody is."""
        return False

    def counters(self, names: Sequence[str]) -> list[FeedCounterLease]:
        """Parts of counters that the network brought."""
        held = self._pure.disk.counters.granted
        return [
            counter_row(self._pure, int(name))
            for name in names
            if name.isdecimal() and int(name) in held
        ]


class Lent:
    """The store's hub as the use cases see it; what was lent is what the network brought."""

    def __init__(self, pure: TwinRegister) -> None:
        self._pure = pure

    @property
    def island(self) -> Island:
        """Alone after a silence."""
        return "alone" if self._pure.is_alone else "store"

    def lease(self, member_id: int) -> LeaseView | None:
        """Of the present hub, or of the one before while that has something left."""
        hub, _ = self._pure.lease_at_hand(member_id)
        lent = self._pure.disk.lent.get((hub, member_id), 0)
        return LeaseView(lease_name(hub, member_id), lent, True) if lent else None

    def borrow(self, member_id: int, _points: int) -> LeaseView | None:
        """Asked by message."""
        return self.lease(member_id)

    def claim(self, claim: IslandClaim) -> Claimed:
        """Claimed by message."""
        raise AssertionError(f"use cases claim nothing themselves: {claim}")

    def lends(self, _lease_id: str) -> bool:
        """It is no hub."""
        return False

    def spent_by_peers(self, _member_id: int) -> int:
        """Not told here."""
        return 0


class TillOnDisk:
    """One life of a register on its file."""

    def __init__(self, pure: TwinRegister, folder: Path, epoch: int, tills: int) -> None:
        self._pure = pure
        self._tills = tills
        self._clock_min = 0
        self._recalls = 0
        self.epoch = epoch
        self.folder = folder
        self.known = Known(pure)
        self.clock = Clock(wall=self._wall, monotonic=lambda: 0.0, boot=lambda: "simulated")
        self.asked: Asked | None = None
        self._open()

    def _wall(self) -> datetime:
        return UNIX + timedelta(minutes=BASE_MIN + self._clock_min)

    def _open(self) -> None:
        self.ledger = Ledger(self.folder / "ledger.db", name_of(self._pure.node), self.epoch)
        self.outbox = Outbox(self.ledger, name_of(self._pure.node))

    def close(self) -> None:
        """Let go of the file."""
        self.ledger.close()

    def killed(self, folder: Path) -> None:
        """The process dies and starts again; what was asked and not decided is given up."""
        copied(self.folder, folder)
        self.close()
        shutil.rmtree(self.folder)
        self.folder, self.asked = folder, None
        self._open()
        self.forget_open_sales()

    def forget_open_sales(self) -> None:
        """Their customers are gone."""
        ctx = self.context()
        for sale_id in self.ledger.unit(lambda uow: uow.open_sales_before("9"), durable=False):
            self.ledger.unit(lambda uow, s=sale_id: cancel_sale(uow, ctx, s))  # type: ignore[misc]

    def context(self) -> RegisterContext:
        """The surroundings of one use case."""
        return RegisterContext(
            register_id=name_of(self._pure.node),
            store_id=f"S{self._pure.store}",
            store_name="",
            epoch=self.epoch,
            clock=self.clock,
            members=self.known,
            rules=rules(),
            is_online=True,
            balance_as_of=self.clock.stamp(),
            locale="uk",
            cash_step_minor=10,
            prints=False,
            cashier="1",
            agent_version="0",
            is_head_confirmed=self._pure.is_confirmed,
            store_registers=self._tills,
            hub=Lent(self._pure),
        )

    # --- a redemption -------------------------------------------------------------------------

    def ask(self, auth: AuthId, sale: int, member: int, wanted: int) -> Asked:
        """A sale is opened and its redemption written down under its id."""
        pending = self._pure.asked_with
        self._clock_min = pending.clock
        ctx = self.context()
        sale_id = auth_id_of((0, 0, sale))
        how = Identification("qr", Strength.SIGNED_CODE, "scanner", self._scanned(pending.purse))
        command = OpenSale(sale_id, BASKET, self.known.member(member), how)
        self.ledger.unit(lambda uow: open_sale(uow, ctx, command), durable=False)
        asked = self.ledger.unit(
            lambda uow: ask_redemption(uow, ctx, sale_id, wanted, auth_id_of(auth))
        )
        assert isinstance(asked, Asked)
        self.asked = asked
        return asked

    def _scanned(self, purse: ShownPurse | None) -> ScannedPurse | None:
        if purse is None:
            return None
        self._pure.screens += 1
        return ScannedPurse(
            purse.serial,
            purse.value,
            BASE_MIN + purse.not_before,
            purse.not_after - purse.not_before,
            tuple(store_tag(f"S{store}") for store in purse.stores),
            LATER_MIN + self._pure.screens - BASE_MIN - purse.not_before,
        )

    def decide(self, online: int | None, claimed: Claimed) -> Parts:
        """Decided and committed in one durable transaction each; what each layer gave."""
        asked, self.asked = self.asked, None
        assert asked is not None
        reply = None
        if online is not None:
            reply = AuthorisationReply(
                auth_id=asked.auth_id, approved_points=online, server_time=""
            )
        ctx = self.context()
        draft = self.ledger.unit(
            lambda uow: decide_redemption(uow, ctx, asked, reply, claimed), durable=False
        )
        assert draft.quote is not None
        tenders = (Tender("card", draft.quote.payable_minor),)
        job_id = asked.auth_id
        command = Confirm(asked.sale_id, draft.quote_id, draft.basket_hash, tenders, job_id)
        result = self.ledger.unit(lambda uow: commit_sale(uow, ctx, command))
        assert not isinstance(result, Repriced), "it was decided in the same minute"
        row = self.ledger.unit(lambda uow: uow.authorisation(asked.auth_id), durable=False)
        assert row is not None
        parts = (
            ("online", "", row.hold_points),
            ("lease", row.lease_id, row.lease_points),
            ("purse", str(row.purse_serial or ""), row.purse_points),
            ("cache", "", row.cache_points),
        )
        return tuple(part for part in parts if part[2])

    # --- rights -------------------------------------------------------------------------------

    def give_back(self, hub: int, member: int, lent: int) -> int:
        """Answer a recall; the points given back."""
        self._recalls += 1
        lease_id = lease_name(hub, member)
        recall = FeedLease(
            lease_id=lease_id,
            member_id=member,
            register_id=name_of(self._pure.node),
            epoch=self.epoch,
            granted_points=lent,
            state="open",
            recall_id=str(self._recalls),
            recall_points=lent,
        )
        ctx = self.context()
        before = self.lease_spent(lease_id)
        self.ledger.unit(lambda uow: return_leases(uow, ctx, [recall]))
        return self.lease_spent(lease_id) - before

    def lease_spent(self, lease_id: str) -> int:
        """Burnt and given back."""
        return self.ledger.query(lambda c: hub_news.lease_spent(c, lease_id))

    def raise_floor(self, floor: int) -> None:
        """Take no purse that ended by then."""
        ctx = self.context()
        self.ledger.unit(lambda uow: raise_floor(uow, ctx, BASE_MIN + floor))

    def purses(self) -> dict[int, int]:
        """What the register tells its hub that it burnt."""
        return {row[0]: row[1] for row in self.ledger.query(hub_news.purses_burnt)}

    # --- log ----------------------------------------------------------------------------------

    @property
    def head(self) -> int:
        """Sequence of the newest fact."""
        return self.outbox.last_seq(self.epoch)

    def acknowledged(self, acked: int) -> None:
        """The centre has the log up to here."""
        batch = self.outbox.pending(1_000, 10**7)
        facts = [fact for fact in batch.facts if fact.seq <= acked] if batch else []
        if batch is not None and facts:
            verdicts = [ItemVerdict(seq=fact.seq, verdict="accepted") for fact in facts]
            reply = UploadReply(
                verdicts=verdicts, head_seq=acked, head_hash=facts[-1].hash, server_time=""
            )
            self.outbox.acknowledge(batch.model_copy(update={"facts": facts}), reply)
        self.known.applied = (self.epoch, max(acked, self.known.applied[1]))


def copied(files: Path, folder: Path) -> Path:
    """The files as they stand, in another folder: an image, or what a killed process leaves."""
    folder.mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        if (files / name).exists():
            shutil.copy(files / name, folder / name)
    return folder


def new_till(pure: TwinRegister, folder: Path, epoch: int, tills: int) -> TillOnDisk:
    """A life with empty files."""
    return TillOnDisk(pure, blank_folder(folder), epoch, tills)
