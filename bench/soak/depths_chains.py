"""The second and the third depth: registers with their real SQL, on the pure centre or on the
product's centre with PostgreSQL, both called through `sync.serving.port`."""

from __future__ import annotations

import base64
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.soak.depths_link import Link
from bench.soak.depths_plan import (
    OPENING_POINTS,
    Books,
    Fate,
    Order,
    Size,
    Sold,
    number_of,
    store_name,
    till_name,
)
from bench.soak.depths_port import PurePort
from bench.soak.depths_pure import PureChain
from bench.soak.depths_shop import POLICY, ShopCentre
from bench.soak.depths_till import RealTill, blank_folder, compiled
from central.apply import load_or_make, publish
from central.audit import check_books
from central.changes import Changes
from central.db.bulk import Connection
from central.db.session import connect, open_pool, transact
from central.enrolment import create_code
from central.holds import release_settled
from central.member_state import Cause
from central.service import CentreService
from loyalty import ledger
from loyalty.lots import NEVER, Slice
from sync.contract.messages import (
    EnrolRequest,
    UploadBatch,
    UploadReply,
)
from sync.contract.signing import new_private_key, public_key_of
from sync.serving.port import Caller, Server

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MEMORY = Path("/dev/shm")


class RealChain(ABC):
    """Registers with real SQL over a centre behind the port."""

    name = "sqlite"

    def __init__(self, size: Size, server: Server, till: type[RealTill] = RealTill) -> None:
        self.size = size
        self.server = server
        self.now = START
        self.flying: list[Callable[[], Any]] = []
        where = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="depths-", dir=where))
        rules = compiled()
        self.tills = {
            number: till(
                blank_folder(self.folder / str(number)),
                number,
                size.prints(number),
                rules,
                Link(server, self.caller(number), self.flying),
                lambda: self.now,
            )
            for number in range(1, size.stores + 1)
        }

    @abstractmethod
    def caller(self, till: int) -> Caller:
        """The register as the gate knows it after it was enrolled once more."""

    def sell(self, order: Order) -> Sold:
        """One order."""
        return self.tills[order.till].sell(order)

    def finish(self, order: Order) -> Sold:
        """Confirmed as decided."""
        return self.tills[order.till].finish(order)

    def cancel(self, till: int, sale: int, fate: Fate) -> None:
        """The customer leaves."""
        self.tills[till].cancel(sale, fate)

    def paper(self, till: int, subject: int, is_return: bool, is_printed: bool) -> None:
        """A verdict on paper."""
        self.tills[till].paper(subject, is_return, is_printed)

    def void(self, till: int, sale: int) -> None:
        """Undo a sale without paper."""
        self.tills[till].void(sale)

    def give_back(self, till: int, sale: int) -> None:
        """All goods come back."""
        self.tills[till].give_back(sale)

    def push(self, till: int, most: int, fate: Fate) -> int:
        """Facts up."""
        return self.tills[till].push(most, fate)

    def pull(self, till: int, fate: Fate) -> None:
        """Rows down."""
        self.tills[till].pull(fate)

    def waiting(self) -> int:
        """Messages under way."""
        return len(self.flying)

    def deliver(self, which: int) -> None:
        """One of them arrives."""
        self.flying.pop(which)()

    def crash(self, till: int) -> None:
        """The process stops and starts again."""
        self.tills[till].crash()

    def replace(self, till: int) -> None:
        """Enrolled anew."""
        self.tills[till].replace(self.caller(till))

    def set_clock(self, till: int, offset_min: int, is_frozen: bool) -> None:
        """The register's wall clock."""
        self.tills[till].set_clock(offset_min, is_frozen)

    def tick(self, minutes: int) -> None:
        """True time passes."""
        self.now += timedelta(minutes=minutes)

    def shown(self, till: int, member: int) -> int:
        """The balance that the register would show."""
        return self.tills[till].shown(member)

    def close(self) -> None:
        """Files and servers."""
        for till in self.tills.values():
            till.close()
        shutil.rmtree(self.folder)


# --- real registers, pure centre --------------------------------------------------------------


class SqliteChain(RealChain):
    """Real registers on the pure centre."""

    def __init__(
        self,
        size: Size,
        centre: type[ShopCentre] = ShopCentre,
        till: type[RealTill] = RealTill,
    ) -> None:
        self.pure = PureChain(size, centre)
        self._lives = dict.fromkeys(self.pure.tills, 0)
        super().__init__(size, PurePort(self.pure.centre), till)  # type: ignore[arg-type]

    def caller(self, till: int) -> Caller:
        """The next life."""
        self._lives[till] += 1
        epoch = 1 if self._lives[till] == 1 else self.pure.centre.new_life(till)
        return Caller(till_name(till), store_name(till), epoch, True)

    def tick(self, minutes: int) -> None:
        """True time passes, at the centre too."""
        super().tick(minutes)
        self.pure.tick(minutes)

    def books(self, member: int) -> Books:
        """A member's accounts."""
        return self.pure.books(member)

    def audit(self) -> list[str]:
        """The pure centre's books."""
        return self.pure.audit()

    def posted(self) -> dict[int, int]:
        """Sales at the centre."""
        return self.pure.posted()


# --- real registers, real centre --------------------------------------------------------------


@dataclass(frozen=True)
class Housekept:
    """The service, with the round of the housekeeper that holds need after each upload."""

    service: CentreService

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        """Store and apply, then end the holds that the log has passed."""
        reply = self.service.upload(caller, batch)
        now = self.service.clock()
        transact(self.service.pool, lambda connection: release_settled(connection, now))
        return reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)


class PostgresChain(RealChain):
    """Real registers on the product's centre: its service, its SQL, one PostgreSQL."""

    name = "postgresql"

    def __init__(self, size: Size, url: str, till: type[RealTill] = RealTill) -> None:
        self._pool = open_pool(url, 2)
        with connect(url) as connection:
            self._empty(connection)
            with connection.transaction():
                self._members(connection, size.members)
        self.service = CentreService(self._pool, (), clock=lambda: self.now, policy=lambda: POLICY)
        super().__init__(size, Housekept(self.service), till)  # type: ignore[arg-type]

    @staticmethod
    def _empty(connection: Connection) -> None:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " and tablename not in ('migration', 'meta')"
        ).fetchall()
        names = ", ".join(table for (table,) in tables)
        connection.execute(f"truncate {names} restart identity cascade".encode())
        connection.execute("update meta set value = '0' where name = 'feed_floor'")

    @staticmethod
    def _members(connection: Connection, count: int) -> None:
        """Members 1 to `count` with their opening balance."""
        made = load_or_make(connection, range(1, count + 1), START)
        for number, member in made.items():
            cause = Cause(f"opening:{number}")
            lot = Slice("opening", OPENING_POINTS, NEVER)
            entry_id = member.next_id(cause)
            entry = ledger.accrue(member.books, entry_id, lot, pending=False, kind="opening")
            member.post(entry, cause)
        changes = Changes()
        publish(connection, made.values(), START, changes)
        changes.flush(connection)

    def caller(self, till: int) -> Caller:
        """Enrolled by a code, as every register."""
        public = base64.b64encode(public_key_of(new_private_key())).decode()
        with self._pool.connection() as connection:
            names = (store_name(till), till_name(till))
            code, _ = create_code(connection, *names, "", 24, self.now)
        request = EnrolRequest(code=code, public_key=public)
        reply = self.service.enrol(request)
        return Caller(reply.register_id, reply.store_id, reply.epoch, True)

    def _rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self._pool.connection() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def books(self, member: int) -> Books:
        """A member's accounts."""
        query = (
            "select case when account like 'lease:%%' then 'leases' else account end,"
            " sum(balance)::bigint from account where member_id = %(member)s and balance <> 0"
            " group by 1"
        )
        return {name: int(total) for name, total in self._rows(query, {"member": member})}

    def audit(self) -> list[str]:
        """Every balance from its entries, and redemptions that drew on the overdraft."""
        with self._pool.connection() as connection:
            found = check_books(connection)
        faults = [] if found["ok"] else [f"books: {found}"]
        query = (
            "select entry.layer, leg.member_id, leg.amount from leg join entry using"
            " (member_id, entry_id) where entry.kind = 'redemption' and leg.account = 'overdraft'"
        )
        return faults + [f"{n} overdrawn by {-p} for {m}" for n, m, p in self._rows(query)]

    def posted(self) -> dict[int, int]:
        """Sales of members at the centre."""
        rows = self._rows("select sale_id::text, redeemed from sale")
        found = {number_of(sale_id): redeemed for sale_id, redeemed in rows}
        if len(found) != len(rows):
            raise AssertionError("a sale is stored twice")
        return found

    def close(self) -> None:
        """Files, then connections."""
        super().close()
        self._pool.close()
