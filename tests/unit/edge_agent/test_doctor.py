"""The doctor on real folders, ports, servers and pseudo terminals."""

from __future__ import annotations

import json
import os
import pty
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent import cli
from edge_agent.config import load_settings
from edge_agent.doctor.finding import Case, Finding
from edge_agent.doctor.machine import head
from edge_agent.doctor.report import examine, lines
from edge_agent.head_guard import HeadState, begin
from edge_agent.ledger.ledger import Ledger
from edge_agent.single_instance import lock
from sync.contract.bundle import seal
from sync.contract.signing import new_private_key
from sync.enrolment import Identity


class Register:
    """A settings file and data folder that a test fills."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "agent.toml"
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.write("")

    def write(self, more: str) -> None:
        till = "" if "[till]" in more else '[till]\nprint_mode = "none"\n'
        self.path.write_text(f'data_dir = "state"\n{till}[api]\nport = {self.port}\n{more}')

    def enrol(self, centre_url: str = "https://centre.example", ca_pem: str = "") -> None:
        identity = Identity(
            register_id="r-1",
            store_id="s-1",
            store_name="Магазин",
            epoch=1,
            incarnation="i",
            centre_url=centre_url,
            ca_pem=ca_pem,
            programme_keys={"k": bytes(32)},
            private_key=new_private_key(),
            phone_key=bytes(32),
        )
        identity.save(self.state / "identity.json")
        begin(load_settings(self.path), identity)

    def found(self) -> dict[str, Finding]:
        return {finding.check: finding for finding in examine(self.path)}


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path)


class _Health(BaseHTTPRequestHandler):
    clock_off = timedelta(0)

    def do_GET(self) -> None:
        body = b'{"status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        at = datetime.now(UTC) + self.clock_off if timestamp is None else datetime.now(UTC)
        return at.strftime("%a, %d %b %Y %H:%M:%S GMT")

    def log_message(self, *_arguments: object) -> None:
        pass


def _serve(context: ssl.SSLContext | None, off: timedelta) -> Iterator[str]:
    handler = type("Handler", (_Health,), {"clock_off": off})
    server = HTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scheme = "http" if context is None else "https"
    yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tls(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(address, CA PEM) of a centre whose certificate has `request.param` days left."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "centre")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=request.param, hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "server.pem").write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    for url in _serve(context, timedelta(0)):
        yield url, pem.decode()


def test_a_sound_register(register: Register) -> None:
    register.enrol()
    Ledger(register.state / "ledger.db", "r-1", 1).close()
    found = register.found()
    assert {name: f.verdict for name, f in found.items()} == {
        "settings": "ok",
        "data folder": "ok",
        "free space": "ok",
        "reserve": "ok",
        "identity": "ok",
        "agent": "warn",
        "port": "ok",
        "ledger": "ok",
        "head": "warn",
        "SQLite": "ok",
        "centre": "warn",
        "rules": "warn",
        "scanner": "ok",
    }
    assert found["ledger"].says.startswith("sound, ")
    assert all(f.do for f in found.values() if f.verdict == "fail")


def test_settings_that_do_not_load(register: Register) -> None:
    register.write("[api2]\n")
    (only,) = examine(register.path)
    assert (only.check, only.verdict) == ("settings", "fail")
    assert ":6: unknown key 'api2'" in only.says


def test_an_empty_machine(register: Register) -> None:
    register.state.rmdir()
    found = register.found()
    assert found["data folder"].verdict == "fail"
    assert found["identity"].verdict == "fail"
    assert "enrol" in found["identity"].do
    assert found["ledger"].says.startswith("none yet")
    assert not register.state.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a file of another user")
def test_files_of_another_user(register: Register) -> None:
    (register.state / "ledger.db").touch()
    os.chown(register.state / "ledger.db", 12345, 12345)
    found = register.found()["data folder"]
    assert found.verdict == "fail"
    assert found.do.startswith("chown -R --no-dereference 0 ")


def test_a_damaged_identity(register: Register) -> None:
    register.enrol()
    file = register.state / "identity.json"
    file.write_text(file.read_text().replace("s-1", "s-2"))
    found = register.found()["identity"]
    assert found.verdict == "fail"
    assert "--replace" in found.do


def _head(register: Register, state: str) -> list[Finding]:
    settings = load_settings(register.path)
    return list(head(Case(settings, True, {"head": state}, "")))


@pytest.mark.parametrize("state", [each for each in get_args(HeadState) if each != "confirmed"])
def test_a_register_that_cannot_vouch_for_its_ledger_says_what_to_do(
    register: Register, state: str
) -> None:
    register.enrol()
    (finding,) = _head(register, state)
    assert finding.verdict in ("warn", "fail")
    assert finding.do


def test_an_anchor_belongs_outside_the_data_folder(register: Register) -> None:
    register.enrol()
    register.write('[storage]\nanchor_dir = "state/anchor"\n')
    register.enrol()
    assert _head(register, "confirmed")[0].verdict == "fail"
    assert register.found()["head"].verdict == "fail"
    shutil.rmtree(register.state / "anchor")
    assert register.found()["head"].says.startswith("no anchor")


def test_an_anchor_on_another_filesystem_is_best(register: Register) -> None:
    register.enrol()
    beside = register.found()["head"]
    assert (beside.verdict, "image of the whole disk" in beside.says) == ("warn", True)
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == register.state.stat().st_dev:
        pytest.skip("this machine has one filesystem")
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        register.write(f'[storage]\nanchor_dir = "{folder}"\n')
        register.enrol()
        assert register.found()["head"].verdict == "ok"
        assert _head(register, "confirmed")[0].verdict == "ok"


def test_a_damaged_ledger(register: Register) -> None:
    path = register.state / "ledger.db"
    Ledger(path, "r-1", 1).close()
    with path.open("r+b") as file:
        file.write(b"no database at all")
    assert register.found()["ledger"].verdict == "fail"


def test_a_taken_port(register: Register) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", register.port))
        other.listen()
        found = register.found()["port"]
    assert found.verdict == "fail"
    assert str(register.port) in found.says


def test_an_agent_that_holds_the_folder_and_does_not_answer(register: Register) -> None:
    with lock(register.state, register.port, register.path):
        found = register.found()
    assert found["agent"].verdict == "fail"
    assert f"process {os.getpid()}" in found["agent"].says
    assert "port" not in found


def test_a_centre_that_is_there(register: Register) -> None:
    for url in _serve(None, timedelta(0)):
        register.write(f'[centre]\nurl = "{url}"\n')
        register.enrol(url)
        found = register.found()
    assert found["centre"].says.startswith(url)
    assert [found[name].verdict for name in ("identity", "centre", "clock")] == ["ok"] * 3


def test_a_clock_that_is_off(register: Register) -> None:
    for url in _serve(None, timedelta(minutes=4)):
        register.write(f'[centre]\nurl = "{url}"\n')
        found = register.found()["clock"]
    assert found.verdict == "warn"
    assert found.says in {f"-{s} s against the centre" for s in (239, 240, 241)}


def test_a_clock_that_the_screen_warns_of(register: Register) -> None:
    for url in _serve(None, timedelta(days=-3)):
        register.write(f'[centre]\nurl = "{url}"\n')
        found = register.found()["clock"]
    assert found.verdict == "fail"
    assert "the screen warns the cashier" in found.says


def test_a_centre_that_is_away(register: Register) -> None:
    register.write(f'[centre]\nurl = "http://127.0.0.1:{register.port}"\n')
    register.enrol()
    found = register.found()
    assert found["centre"].verdict == "warn"
    assert "clock" not in found
    assert found["identity"].verdict == "warn"
    assert "enrolled at https://centre.example" in found["identity"].says


@pytest.mark.parametrize(
    ("tls", "verdict"), [(200, "ok"), (7, "warn")], indirect=["tls"], ids=["long", "short"]
)
def test_the_certificate(register: Register, tls: tuple[str, str], verdict: str) -> None:
    url, pem = tls
    register.write(f'[centre]\nurl = "{url}"\n')
    register.enrol(url, pem)
    found = register.found()
    assert found["centre"].verdict == "ok"
    assert found["certificate"].verdict == verdict


@pytest.mark.parametrize("tls", [200], indirect=True)
def test_a_certificate_that_nobody_vouches_for(register: Register, tls: tuple[str, str]) -> None:
    register.write(f'[centre]\nurl = "{tls[0]}"\n')
    register.enrol(tls[0])
    assert register.found()["certificate"].verdict == "fail"


def test_a_scanner_on_a_port(register: Register) -> None:
    leader, follower = pty.openpty()
    try:
        register.write(
            f'[scanner]\ndriver = "scanner.serial"\nurl = "serial:{os.ttyname(follower)}"\n'
        )
        assert register.found()["scanner"].verdict == "ok"
        register.write('[scanner]\ndriver = "scanner.serial"\nurl = "serial:/dev/ttyACM77"\n')
        found = register.found()["scanner"]
    finally:
        os.close(leader)
        os.close(follower)
    assert (found.verdict, found.says) == ("fail", "/dev/ttyACM77 is not there")


def test_device_settings_that_no_driver_takes(register: Register) -> None:
    register.write('[scanner]\ndriver = "scanner.seriall"\nurl = "x:"\n')
    found = register.found()["scanner"]
    assert found.verdict == "fail"
    assert ":7: no scanner driver 'scanner.seriall'" in found.says
    register.write('[scanner]\ndriver = "scanner.serial"\nurl = "x:"\nspeed = 1\n')
    assert ":9: " in register.found()["scanner"].says


def test_a_printer_that_is_missing_or_silent(register: Register) -> None:
    register.write('[till]\nprint_mode = "agent"\n')
    assert register.found()["printer"].verdict == "warn"
    register.write(
        f'[printer]\ndriver = "fiscal.datecs_ua"\nurl = "tcp:127.0.0.1:{register.port}"\n'
    )
    assert register.found()["printer"].verdict == "fail"


@pytest.mark.parametrize(
    ("hours_ago", "verdict", "says"),
    [(-1, "ok", "sequence 3, 0 promotions"), (1, "warn", "ran out"), (73, "fail", "ran out")],
)
def test_rules_that_have_run_out(
    register: Register, hours_ago: int, verdict: str, says: str
) -> None:
    expires_at = f"{datetime.now(UTC) - timedelta(hours=hours_ago):%Y-%m-%dT%H:%M:%SZ}"
    folder = register.state / "bundles"
    folder.mkdir()
    bundle = seal(b"{}", 3, "2026-01-01T00:00:00Z", expires_at=expires_at)
    (folder / "current.json").write_bytes(bundle)
    found = register.found()["rules"]
    assert found.verdict == verdict
    assert says in found.says
    assert (found.do == "") == (verdict == "ok")


def test_rules_that_cannot_be_read(register: Register) -> None:
    (register.state / "bundles").mkdir()
    (register.state / "bundles" / "current.json").write_bytes(b"{")
    assert register.found()["rules"].verdict == "fail"


def test_the_report(register: Register, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json", "--config", str(register.path)]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["verdict"] == "fail"
    assert {"check", "verdict", "says", "do"} == set(shown["findings"][0])
    register.enrol()
    assert cli.main(["doctor", "--config", str(register.path)]) == 0
    assert capsys.readouterr().out.endswith("0 to mend, 4 to look at\n")
    assert lines([Finding("x", "ok", "y")])[-1] == "all is well"
