"""The command line: exit codes, one-line errors, and each subcommand on real files and servers."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from edge_agent import cli
from edge_agent.single_instance import lock
from sync.contract.signing import new_private_key, public_key_of
from sync.enrolment import Identity

EDGE_AGENT = str(Path(sys.executable).parent / "edge-agent")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text('data_dir = "state"\n')
    return path


class _Answering(BaseHTTPRequestHandler):
    """Answers every request with (status, JSON) and remembers what was asked."""

    answer: ClassVar[tuple[int, Any]]
    asked: ClassVar[list[tuple[str, str, bytes]]]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.path, self.headers.get("Authorization", ""), body))
        status, value = self.answer
        shown = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(shown)))
        self.end_headers()
        self.wfile.write(shown)

    do_POST = do_GET

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[int, type[_Answering]]]:
    handler = type("Handler", (_Answering,), {"asked": [], "answer": (200, {})})
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http.server_address[1], handler
        http.shutdown()
        thread.join()


def test_check_config(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check-config", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"{config}: good\n"
    config.write_text('data_dir = "state"\n[api]\nprot = 1\nport = -1\n')
    assert cli.main(["check-config", "--config", str(config)]) == 1
    assert capsys.readouterr().err == (
        f"edge-agent: {config}:3: unknown key 'prot' in [api]; did you mean 'port'?\n"
        f"{config}:4: port in [api] must be between 0 and 65535, not -1\n"
    )


def test_check_config_knows_drivers_and_their_options(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(
        'data_dir = "state"\n[scanner]\ndriver = "scanner.serial"\nurl = "tcp:127.0.0.1:1"\n'
        "speed = 9600\n"
    )
    assert cli.main(["check-config", "--config", str(config)]) == 1
    assert f"{config}:5: driver 'scanner.serial' has no option 'speed'" in capsys.readouterr().err


def test_the_settings_file_is_found(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(config.parent)
    assert cli.main(["check-config"]) == 0
    other = config.parent / "other.toml"
    monkeypatch.setenv("LOYALTY_EDGE_CONFIG", str(other))
    assert cli.main(["check-config"]) == 1
    assert f"{other}: cannot be read" in capsys.readouterr().err


def test_run_with_bad_settings_ends_with_78(config: Path) -> None:
    config.write_text("nonsense = 1\n")
    assert cli.main(["run", "--config", str(config)]) == 78


@pytest.mark.parametrize("bad", [["demo", "--sales", "0"], ["demo", "--device-delay", "1.5"], []])
def test_misuse_ends_with_2(bad: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(bad)
    assert ended.value.code == 2
    assert "usage: edge-agent" in capsys.readouterr().err


def test_an_unexpected_error_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "state" / "logs" / "agent.log").mkdir(parents=True)
    assert cli.main(["logs", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("edge-agent: unexpected IsADirectoryError: ")
    assert said.count("\n") == 1
    with pytest.raises(IsADirectoryError):
        cli.main(["logs", "--debug", "--config", str(config)])


def test_logs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["logs", "--config", str(config)]) == 1
    assert "no log files in" in capsys.readouterr().err
    folder = config.parent / "state" / "logs"
    folder.mkdir(parents=True)
    (folder / "agent.log").write_text(
        '{"at": "2026-03-01T10:00:00.000Z", "level": "info", "event": "a", "sale_id": "ab"}\n'
        '{"at": "2026-03-01T11:00:00.000Z", "level": "info", "event": "b", "sale_id": "cd"}\n'
    )
    assert cli.main(["logs", "--sale", "AB", "--config", str(config)]) == 0
    assert capsys.readouterr().out.endswith("info    a  sale ab\n")
    assert cli.main(["logs", "--since", "2026-03-01T10:30Z", "--config", str(config)]) == 0
    assert "info    b" in capsys.readouterr().out
    assert cli.main(["logs", "--since", "soon", "--config", str(config)]) == 1
    assert "'soon' is no time" in capsys.readouterr().err


def test_a_closed_pipe_is_no_error(config: Path) -> None:
    folder = config.parent / "state" / "logs"
    folder.mkdir(parents=True)
    (folder / "agent.log").write_text('{"at": "2026-03-01T10:00:00Z", "event": "a"}\n' * 20_000)
    with subprocess.Popen(
        [EDGE_AGENT, "logs", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 0


def test_status_of_a_stopped_agent(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--config", str(config)]) == 1
    assert "the agent is not running" in capsys.readouterr().err
    assert cli.main(["status", "--json", "--config", str(config)]) == 1
    assert json.loads(capsys.readouterr().out)["running"] is False


def test_status_of_a_running_agent(
    config: Path,
    server: tuple[int, type[_Answering]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    port, handler = server
    handler.answer = (
        200,
        {"register_id": "r-1", "online": False, "devices": {"printer": "ok"}, "since": ""},
    )
    with lock(config.parent / "state", port, config):
        assert cli.main(["status", "--config", str(config)]) == 1
        assert "token cannot be read" in capsys.readouterr().err
        (config.parent / "state" / "api.token").write_text("s3cret\n")
        assert cli.main(["status", "--config", str(config)]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "register           r-1",
            "centre             not reached",
            "printer            ok",
        ]
        handler.answer = (401, {})
        assert cli.main(["status", "--json", "--config", str(config)]) == 1
        told = json.loads(capsys.readouterr().out)
    assert told["running"] is True
    assert f"port {port} does not answer as it should" in told["problem"]
    assert handler.asked[0] == ("/v1/status", "Bearer s3cret", b"")


def test_enrol(
    config: Path, server: tuple[int, type[_Answering]], capsys: pytest.CaptureFixture[str]
) -> None:
    port, handler = server
    programme_key = base64.b64encode(public_key_of(new_private_key())).decode()
    handler.answer = (
        200,
        {
            "register_id": "r-7",
            "store_id": "s-1",
            "store_name": "Магазин 1",
            "epoch": 3,
            "incarnation": "i-1",
            "programme_keys": [{"key_id": "k1", "public_key": programme_key}],
            "phone_key": base64.b64encode(bytes(32)).decode(),
            "server_time": "2026-03-01T08:00:00Z",
        },
    )
    command = ["enrol", "--code", "ABCD-EFGH", "--config", str(config)]
    assert cli.main(command) == 1
    assert "give --centre URL" in capsys.readouterr().err
    command += ["--centre", f"http://127.0.0.1:{port}"]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert said.startswith("enrolled as r-7 of store s-1 (Магазин 1)\nnow add to ")
    first = Identity.load(config.parent / "state" / "identity.json")
    assert (first.register_id, first.epoch) == ("r-7", 3)
    assert json.loads(handler.asked[0][2])["code"] == "ABCD-EFGH"
    assert cli.main(command) == 1
    assert "--replace gives that identity up" in capsys.readouterr().err
    assert cli.main([*command, "--replace"]) == 0
    again = Identity.load(config.parent / "state" / "identity.json")
    assert again.private_key != first.private_key


def test_enrol_refused_or_in_the_way(
    config: Path, server: tuple[int, type[_Answering]], capsys: pytest.CaptureFixture[str]
) -> None:
    port, handler = server
    config.write_text(f'data_dir = "state"\n[centre]\nurl = "http://127.0.0.1:{port}"\n')
    handler.answer = (403, {"code": "code_used", "detail": "this code was used", "title": "no"})
    command = ["enrol", "--code", "ABCD-EFGH", "--config", str(config)]
    assert cli.main(command) == 1
    assert capsys.readouterr().err.startswith("edge-agent: not enrolled: code_used (403)")
    assert not (config.parent / "state" / "identity.json").exists()
    with lock(config.parent / "state", 1, config):
        assert cli.main(command) == 1
    assert "stop the agent first" in capsys.readouterr().err


def test_the_start_imports_nothing_heavy() -> None:
    """A till's slow disk pays for every module that `version` would drag in."""
    code = (
        "import sys; from edge_agent import cli; cli.main(['version'])\n"
        "heavy = {'httpx', 'pydantic', 'fastapi', 'sqlite3', 'cryptography', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # Coverage measures child processes too, and brings sqlite3 along.
    plain = {name: value for name, value in os.environ.items() if "COV" not in name.upper()}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=plain
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_python_dash_m() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "edge_agent", "version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("edge-agent ")
