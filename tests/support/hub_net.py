"""A store in network namespaces: a real centre, a real hub and two real tills on one LAN.

The switch stands in the centre's namespace; the WAN is the centre's own link to it, so cutting it
leaves the LAN whole. Needs root and `ip`; `NoNamespaces` says what is missing.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from central.enrolment import create_code
from central.instants import system_clock
from central.place import opened
from edge_agent.config import load_settings
from edge_agent.demo.processes import run_tool, script
from edge_agent.head_guard import begin
from edge_agent.ledger.database import connect_reader
from sync.enrolment import enrol
from tests.support.live_register import until
from tests.support.real_centre import RealCentre
from tests.support.rig import TOKEN, line, payment

T = TypeVar("T")
STORE = "S1"
HUB, TILLS = "HUB", ("TILL-1", "TILL-2")
SILENCE_S = 2
HUB_PORT = 9443
UNAPPLIED = (
    "select count(*) from applied a join register_epoch e using (register_id, epoch)"
    " where e.head_seq > a.seq"
)
_CLONE_NEWNET = 0x40000000
_READY_S = 60.0


class NoNamespaces(RuntimeError):
    """Network namespaces cannot be made here; the sentence says why."""


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()[:200]}")


class Namespace:
    """One network namespace; `run` calls a function on a thread that lives inside it."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            _ip("netns", "add", name)
        except (RuntimeError, FileNotFoundError) as error:
            raise NoNamespaces(str(error)) from None
        self._pool = ThreadPoolExecutor(4, initializer=self._enter)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments: str) -> None:
        """`ip` inside."""
        _ip("-n", self.name, *arguments)

    def run(self, work: Callable[[], T]) -> T:
        """The result of `work`; sockets it makes belong to this namespace for ever."""
        return self._pool.submit(work).result()

    def command(self, *arguments: str) -> list[str]:
        """A command line that runs inside."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def close(self) -> None:
        """Let the namespace go."""
        self._pool.shutdown()
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if libc.setns(descriptor, _CLONE_NEWNET) != 0:
                raise NoNamespaces(os.strerror(ctypes.get_errno()))
        finally:
            os.close(descriptor)


class Process:
    """A child inside a namespace that prints one JSON line when it is ready."""

    def __init__(self, place: Namespace, arguments: Sequence[str], log: Path) -> None:
        self._command = place.command(script(arguments[0]), *arguments[1:])
        self._log = log
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Start and wait for the ready line."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self._child.stdout is not None
        ready = self._child.stdout.readline()
        assert ready, f"{self._command} did not start:\n{self._log.read_text()[-2000:]}"
        found: dict[str, Any] = json.loads(ready)
        return found

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(number)
        child.wait(_READY_S)
        assert child.stdout is not None
        child.stdout.close()


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
        tag = f"lh{os.getpid() % 100_000}"
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
        self.ca, key = _certificate(self.folder)
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

    def until_drained(self) -> None:
        """Every fact is at the centre, applied."""
        for till in (self.hub, *self.tills):
            until(f"{till.name} drained", lambda t=till: t.status()["outbox_pending"] == 0, 240)
        until("facts applied", lambda: self.db.execute(UNAPPLIED).fetchone() == (0,), 60)


class Shopping:
    """Tills that sell to members without a pause, each on its own thread, until told to stop."""

    def __init__(self, net: HubNet, cards: Sequence[tuple[int, str]], points: int) -> None:
        self._net, self._cards, self._points = net, cards, points
        self._stop = threading.Event()
        self.redeemed: dict[int, int] = {member: 0 for member, _ in cards}
        self.sales: dict[str, int] = {till.name: 0 for till in net.tills}
        self.longest_s: dict[str, float] = {till.name: 0.0 for till in net.tills}
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._sell, args=(till,), daemon=True) for till in net.tills
        ]
        for thread in self._threads:
            thread.start()

    def _sell(self, till: Till) -> None:
        number = 0
        last = time.monotonic()
        while not self._stop.is_set():
            member, card = self._cards[number % len(self._cards)]
            number += 1
            try:
                points = till.sell(card, self._points)
            except (AssertionError, httpx.HTTPError) as error:
                self.failures.append(f"{till.name}: {error}")
                return
            now = time.monotonic()
            with self._lock:
                self.redeemed[member] += points
                self.sales[till.name] += 1
                self.longest_s[till.name] = max(self.longest_s[till.name], now - last)
            last = now

    def end(self) -> None:
        """Let the sales under way finish."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


@contextmanager
def hub_net(folder: Path) -> Iterator[HubNet]:
    """Start everything; stop it and remove the namespaces at the end. Raises `NoNamespaces`."""
    if os.name != "posix" or os.geteuid() != 0:
        raise NoNamespaces("network namespaces need root")
    with ExitStack() as stack:
        yield HubNet(folder, stack)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of the centre's address, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "centre of a test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("10.99.0.1"))])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = folder / "centre.pem", folder / "centre.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key_file
