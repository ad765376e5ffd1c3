"""A store in network namespaces: a real centre, a real hub and two real tills on one LAN.

The switch stands in the centre's namespace; the WAN is the centre's own link to it, so cutting it
leaves the LAN whole. Needs root and `ip`; `NoNamespaces` says what is missing.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from central.enrolment import create_code
from central.instants import system_clock
from central.place import opened
from edge_agent.config import load_settings
from edge_agent.demo.processes import run_tool
from edge_agent.head_guard import begin
from edge_agent.ledger.database import connect_reader
from sync.enrolment import enrol
from tests.support.live_register import until
from tests.support.namespaces import Namespace, NoNamespaces, Process, remove_stale
from tests.support.own_authority import own_authority
from tests.support.real_centre import RealCentre
from tests.support.rig import TOKEN, line, payment

STORE = "S1"
HUB, TILLS = "HUB", ("TILL-1", "TILL-2")
SILENCE_S = 2
HUB_PORT = 9443
TAG = "lh"
"""What the namespaces' names begin with."""
STALL_S = 60.0
UNAPPLIED = (
    "select count(*) from applied a join register_epoch e using (register_id, epoch)"
    " where e.head_seq > a.seq"
)
BEHIND = UNAPPLIED.replace("count(*)", "coalesce(sum(e.head_seq - a.seq), 0)")


class Till:
    """An agent in its own namespace, and the POS program in front of it."""

    def __init__(self, name: str, place: Namespace, folder: Path) -> None:
        self.name, self.place, self.folder = name, place, folder
        self.config = folder / "agent.toml"
        run = ["edge-agent", "run", "--config", str(self.config)]
        self.process = Process(place, run, folder / "agent.log")
        self._http: httpx.Client | None = None

    def start(self) -> None:
        """Start the agent and connect the POS."""
        url = self.process.start()["url"]
        head = {"Authorization": f"Bearer {TOKEN}"}
        self._http = httpx.Client(base_url=url, headers=head, timeout=20)

    def stop(self, *, kill: bool = False) -> None:
        """Stop the agent, or kill it."""
        (self.process.kill if kill else self.process.stop)()
        if self._http is not None:
            self._http.close()
            self._http = None

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the local API."""

        def work() -> dict[str, Any]:
            assert self._http is not None
            headers = {"Idempotency-Key": str(uuid.uuid4())} if body is not None else {}
            answer = self._http.request(method, path, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        return self.place.run(work)

    def sell(self, card: str, points: int) -> int:
        """One sale of a member who wants to redeem so much; points that were redeemed."""
        sale_id = str(uuid.uuid4())
        basket = {"lines": [line(1, "bread", 5_000, 4)]}
        identity = {"code": card, "source": "scanner"}
        self.call("POST", f"/v1/sales/{sale_id}/open", {"basket": basket, "identity": identity})
        view = self.call("POST", f"/v1/sales/{sale_id}/redeem", {"points": points})
        done = self.call("POST", f"/v1/sales/{sale_id}/confirm", payment(view))
        return int(done["redeem"]["redeemed_points"])

    def status(self) -> dict[str, Any]:
        """The register at a glance."""
        return self.call("GET", "/v1/status")

    def rows(self, file: str, query: str, *values: Any) -> list[Any]:
        """Rows of one of its files."""
        with closing(connect_reader(self.folder / "data" / file)) as connection:
            return connection.execute(query, values).fetchall()

    def logged(self, event: str) -> int:
        """How often the agent logged an event."""
        text = (self.folder / "agent.log").read_text(encoding="utf-8", errors="replace")
        files = sorted((self.folder / "data" / "logs").glob("*"))
        text += "".join(f.read_text(encoding="utf-8", errors="replace") for f in files)
        return text.count(f'"{event}"')


class HubNet:
    """The running store."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        remove_stale(TAG)
        tag = f"{TAG}{os.getpid() % 100_000}"
        self._places = {
            name: self._place(stack, f"{tag}{letter}")
            for name, letter in (("centre", "c"), (HUB, "h"), *zip(TILLS, "ab", strict=True))
        }
        self._wire()
        self._start_centre(stack)
        self.hub = self._agent(HUB, 2, hub=True)
        self.tills = [self._agent(name, n) for n, name in enumerate(TILLS, 3)]
        everyone = (self.hub, *self.tills)
        for till in everyone:
            stack.callback(till.stop, kill=True)
        with ThreadPoolExecutor(len(everyone)) as pool:
            list(pool.map(Till.start, everyone))
        run_tool(
            *("edge-central", "hub", "name", "--store", STORE, "--register", HUB),
            *("--address", f"{HUB}=10.99.0.2:{HUB_PORT}", "--reason", "wired"),
            *("--data-dir", str(self.centre.data_dir)),
        )

    def _place(self, stack: ExitStack, name: str) -> Namespace:
        place = Namespace(name)
        stack.callback(place.close)
        return place

    def _wire(self) -> None:
        centre = self._places["centre"]
        centre.ip("link", "add", "lan", "type", "bridge")
        centre.ip("link", "set", "lan", "up")
        centre.ip("link", "add", "wan", "type", "veth", "peer", "name", "line")
        centre.ip("link", "set", "line", "master", "lan")
        for link in ("wan", "line"):
            centre.ip("link", "set", link, "up")
        centre.ip("address", "add", "10.99.0.1/24", "dev", "wan")
        for number, name in enumerate((HUB, *TILLS), 2):
            place = self._places[name]
            port = f"p{number}"
            centre.ip("link", "add", port, "type", "veth", "peer", "name", f"q{number}")
            centre.ip("link", "set", f"q{number}", "netns", place.name)
            centre.ip("link", "set", port, "master", "lan")
            centre.ip("link", "set", port, "up")
            place.ip("address", "add", f"10.99.0.{number}/24", "dev", f"q{number}")
            place.ip("link", "set", f"q{number}", "up")

    def cut_wan(self) -> None:
        """Nobody reaches the centre; the LAN stays whole."""
        self._places["centre"].ip("link", "set", "line", "down")

    def mend_wan(self) -> None:
        """The centre is there again."""
        self._places["centre"].ip("link", "set", "line", "up")

    def _start_centre(self, stack: ExitStack) -> None:
        data_dir = self.folder / "centre"
        self.ca, key = own_authority(self.folder, "10.99.0.1")
        listen = ["--host", "10.99.0.1", "--port", "8470"]
        files = ["--tls-cert", str(self.ca), "--tls-key", str(key)]
        run = ["edge-central", "run", "--data-dir", str(data_dir), *listen, *files]
        self._centre = Process(self._places["centre"], run, self.folder / "centre.log")
        stack.callback(self._centre.stop)
        self.url = str(self._centre.start()["url"])
        self.db = stack.enter_context(opened(data_dir, None))
        self.centre = RealCentre(data_dir, self.url, self.db)

    def _agent(self, name: str, number: int, *, hub: bool = False) -> Till:
        folder = self.folder / name
        (folder / "data").mkdir(parents=True)
        till = Till(name, self._places[name], folder)
        listen = f'listen = "10.99.0.{number}:{HUB_PORT}"\n' if hub else ""
        till.config.write_text(
            f'data_dir = "data"\n[api]\nport = 0\n[till]\nprint_mode = "none"\n'
            f'[centre]\nurl = "{self.url}"\nca_file = "{self.ca}"\npoll_s = 1\nheartbeat_s = 1\n'
            f"retry_cap_s = 1\nauthorise_timeout_ms = 400\n"
            f"[hub]\nsilence_s = {SILENCE_S}\n{listen}",
            encoding="utf-8",
        )
        with self.db.transaction():
            code, _ = create_code(self.db, STORE, name, "", 1, system_clock())
        identity = till.place.run(lambda: enrol(self.url, code, self.ca, "test", "0.1.0"))
        settings = load_settings(till.config)
        identity.save(settings.identity_file)
        begin(settings, identity)
        settings.token_file.write_text(TOKEN, encoding="ascii")
        return till

    # --- what is true -------------------------------------------------------------------------

    def granted(self, member_id: int) -> int:
        """Points of the store's lease as the hub knows it."""
        query = "SELECT granted_points FROM lease WHERE member_id = ? AND state = 'open'"
        rows = self.hub.rows("cache.db", query, member_id)
        return int(rows[0][0]) if rows else 0

    def burnt(self, till: Till, member_id: int) -> int:
        """Points of the store's lease that a till has burnt."""
        query = "SELECT coalesce(sum(points), 0) FROM lease_burn WHERE lease_id LIKE ?"
        return int(till.rows("ledger.db", query, f"{HUB}.%.{member_id}")[0][0])

    def until_settled(self) -> None:
        """Every till has its term and is online."""
        for till in (self.hub, *self.tills):
            until(f"{till.name} online", lambda t=till: t.status()["online"], 60)
        until("term at the hub", lambda: self.hub.logged("hub_serving"), 60)
        for till in self.tills:
            until(f"{till.name} with its hub", lambda t=till: t.logged("hub_back"), 60)

    def until_offline(self) -> None:
        """Every till has found out that the centre is gone."""
        for till in (self.hub, *self.tills):
            until(f"{till.name} offline", lambda t=till: not t.status()["online"], 60)

    def until_drained(self) -> float:
        """Every fact is at the centre, applied; the seconds it took.

        How much waits is the length of the outage times the machine's pace, so the bound is on
        standing still: a till that has sent nothing for `STALL_S` is told with its own words."""
        began = moved = time.monotonic()
        left = -1
        while True:
            said = [till.status() for till in (self.hub, *self.tills)]
            waiting = sum(each["outbox_pending"] for each in said)
            waiting += int(self.db.execute(BEHIND).fetchone()[0])
            now = time.monotonic()
            if not waiting:
                return now - began
            if waiting != left:
                left, moved = waiting, now
            words = [(each["outbox_pending"], each["online"], each["last_error"]) for each in said]
            assert now - moved < STALL_S, f"{left} facts stand still: {words}"
            time.sleep(0.1)


@contextmanager
def hub_net(folder: Path) -> Iterator[HubNet]:
    """Start everything; stop it and remove the namespaces at the end. Raises `NoNamespaces`."""
    if os.name != "posix" or os.geteuid() != 0:
        raise NoNamespaces("network namespaces need root")
    with ExitStack() as stack:
        yield HubNet(folder, stack)
