"""`edge-central` as people start it: real processes, a real folder, a real port."""

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from central.cli import main
from loyalty.codes import gtin_check_digit
from sync.contract.signing import new_private_key, public_key_of, sign_request

pytestmark = pytest.mark.postgres
EDGE_CENTRAL = [sys.executable, "-m", "central.cli"]


@pytest.fixture(scope="module")
def data_dir():
    with tempfile.TemporaryDirectory(prefix="centre-cli-") as folder:
        yield Path(folder) / "data"


@pytest.fixture
def call(data_dir, capsys):
    """Run one command in this process, on the folder; its JSON lines."""

    def run(*arguments, code=0, folder=data_dir):
        assert main([*arguments, "--data-dir", str(folder)]) == code
        lines = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    return run


class Running(NamedTuple):
    """A centre that listens."""

    url: str
    process: subprocess.Popen


@contextmanager
def running(data_dir):
    """A centre of its own process; ended by SIGTERM unless it has ended already."""
    command = [*EDGE_CENTRAL, "run", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Running(json.loads(process.stdout.readline())["url"], process)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def is_postgres_up(data_dir):
    return (data_dir / "postgres" / "postmaster.pid").exists()


def write_rules(path):
    path.write_text('{"schema_version": 1, "promotions": []}', encoding="utf-8")
    return str(path)


def test_commands_work_while_it_runs_and_when_it_does_not(data_dir, call, tmp_path):
    members = tmp_path / "members.csv"
    card = "042000000001" + gtin_check_digit("042000000001")
    members.write_text(f"card,name,balance\n{card},Олена,10\n", encoding="utf-8")
    [dry] = call("members", "import", str(members), "--dry-run")
    assert (dry["created"], dry["dry_run"]) == (1, True)
    assert not is_postgres_up(data_dir)
    with running(data_dir) as (url, _):
        assert httpx.get(f"{url}/healthz", trust_env=False).json() == {"status": "ok"}
        [imported] = call("members", "import", str(members))
        assert imported["created"] == 1
        [code] = call("enrol-code", "--store", "S1", "--register", "R1", "--store-name", "Перша")
        [published] = call("rules", "publish", write_rules(tmp_path / "rules.json"))
        assert (published["sequence"], published["ok"]) == (1, True)
        identity = enrol(url, code["code"], new_private_key())
        assert (identity["store_name"], identity["epoch"]) == ("Перша", 1)
        assert is_postgres_up(data_dir)
    assert not is_postgres_up(data_dir)
    [again] = call("members", "import", str(members))
    assert again["unchanged"] == 1
    [found] = call("status", "--json")
    assert [(r["register_id"], r["epoch"]) for r in found["registers"]] == [("R1", 1)]
    assert (found["ruleset_sequence"], found["members"]) == (1, 1)
    [rules] = call("rules", "status", "--json")
    assert rules["active_sequence"] == 1
    [books] = call("audit", "--json")
    assert books["ok"]
    assert books["totals"] == {"available": 1_000, "issued": -1_000}
    assert not is_postgres_up(data_dir)


def test_open_streams_do_not_hold_up_the_end(data_dir, call):
    with running(data_dir) as (url, process):
        [code] = call("enrol-code", "--store", "S1", "--register", "R9")
        private_key = new_private_key()
        enrol(url, code["code"], private_key)

        def signed(target):
            return sign_request(private_key, "R9", "GET", target, "2026-11-22T09:00:00Z", b"")

        hints = "/v1/feed/hints"
        with (
            httpx.Client(base_url=url, trust_env=False, timeout=30) as http,
            http.stream("GET", hints, headers=signed(hints)) as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines) == ": beat"
            call("revoke", "--register", "R9", "--reason", "lost")
            assert http.get("/v1/feed", headers=signed("/v1/feed")).status_code == 403
            process.send_signal(signal.SIGTERM)
            assert "event: hint" not in list(lines)
            assert process.wait(10) == 0
    assert not is_postgres_up(data_dir)


def enrol(url, code, private_key):
    key = base64.b64encode(public_key_of(private_key)).decode()
    body = {"code": code, "public_key": key}
    reply = httpx.post(f"{url}/v1/enrol", json=body, trust_env=False)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_keys_are_private_and_two_at_most(call, tmp_path):
    folder = tmp_path / "fresh"
    [first] = call("keys", "init", folder=folder)
    [file] = (folder / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    call("keys", "init", folder=folder, code=2)
    time.sleep(0.01)
    [second] = call("keys", "init", "--rotate", folder=folder)
    listed = call("keys", "list", folder=folder)
    assert [(key["key_id"], key["signs"]) for key in listed] == [
        (second["key_id"], True),
        (first["key_id"], False),
    ]
    call("keys", "init", "--rotate", folder=folder, code=2)
    file.write_text("{}")
    call("keys", "list", folder=folder, code=2)


def test_rule_files_are_judged_without_a_database(call, tmp_path, data_dir):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    assert call("rules", "check", write_rules(good), "--json")[0]["ok"]
    bad.write_text('{"schema_version": 1, "promotions": [{}]}')
    [answer] = call("rules", "check", str(bad), "--json", code=1)
    assert (answer["ok"], answer["code"]) == (False, "missing_field")
    assert answer["field"].startswith("promotions[0]")
    call("rules", "check", str(tmp_path / "none.json"), code=2)
    assert not is_postgres_up(data_dir)


def test_a_url_given_once_is_found_again(call, data_dir, database_url):
    from central.place import remember_database

    remember_database(data_dir, database_url)
    try:
        file = data_dir / "database.url"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        [found] = call("status", "--json")
        assert found["registers"] == []
        call("status", "--json", "--database-url", "postgresql://127.0.0.1:1/none", code=2)
    finally:
        remember_database(data_dir, None)
    assert not file.exists()


def test_two_processes_share_one_server_and_the_last_one_stops_it(data_dir):
    with running(data_dir):
        with running(data_dir):
            assert is_postgres_up(data_dir)
        assert is_postgres_up(data_dir)
    assert not is_postgres_up(data_dir)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_killed_centre_is_taken_over_by_the_next(data_dir):
    command = [*EDGE_CENTRAL, "run", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())["url"]
        process.kill()
    assert is_postgres_up(data_dir)
    with running(data_dir) as (url, _):
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    assert not is_postgres_up(data_dir)
