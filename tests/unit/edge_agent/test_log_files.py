"""Log lines: their form, the rotated file, pauses on a full disk, and reading them back."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.config import load_settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit, event_record
from edge_agent.log_lines import Entry, JsonFormatter, human, parse
from edge_agent.log_reader import Wanted, entries, follow, log_files, parse_since
from edge_agent.log_setup import (
    FREE_FLOOR_BYTES,
    GuardedFile,
    LogControl,
    configure,
    reload_on_hangup,
)

SALE = "6f1c9a52-0d0e-4c3b-9a51-2f0c8d1e7a44"
OTHER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text('data_dir = "state"\n[log]\nlevel = "info"\n')
    return path


@pytest.fixture
def control(config: Path) -> Iterator[LogControl]:
    level = logging.getLogger().level
    control = configure(load_settings(config), service=True)
    yield control
    control.close()
    logging.getLogger().setLevel(level)


def _lines(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line) for path in log_files(folder) for line in path.read_text().splitlines()
    ]


def _file(folder: Path, **options: object) -> GuardedFile:
    handler = GuardedFile(folder, **options)  # type: ignore[arg-type]
    handler.setFormatter(JsonFormatter())
    return handler


def _followed(folder: Path, pause: Callable[[], None]) -> list[Entry]:
    """What is followed until `pause` raises `EOFError`."""
    seen = []
    with contextlib.suppress(EOFError):
        for entry in follow(folder, Wanted(), pause=pause):
            seen.append(entry)
    return seen


@pytest.mark.usefixtures("control")
def test_an_event_is_one_json_line(config: Path) -> None:
    emit(Event.SALE_COMMITTED, sale_id=SALE, total_minor=12345, name="хліб\n2")
    (line,) = _lines(config.parent / "state" / "logs")
    assert datetime.fromisoformat(str(line.pop("at"))).utcoffset() == timedelta(0)
    assert line == {
        "level": "info",
        "event": "sale_committed",
        "sale_id": SALE,
        "detail": {"total_minor": 12345, "name": "хліб\n2"},
    }


@pytest.mark.usefixtures("control")
def test_a_library_message_and_a_traceback_are_masked(config: Path) -> None:
    try:
        raise ValueError("phone 0501234567")
    except ValueError:
        logging.getLogger("drivers.x").exception("card %s", "4111 1111 1111 1111")
    (line,) = _lines(config.parent / "state" / "logs")
    assert (line["event"], line["logger"], line["message"]) == ("message", "drivers.x", "card ***")
    assert str(line["error"]).endswith("ValueError: phone ***")


@pytest.mark.usefixtures("control")
def test_the_log_file_is_private(config: Path) -> None:
    emit(Event.AGENT_READY)
    folder = config.parent / "state" / "logs"
    assert (folder / "agent.log").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_the_level_changes_on_hangup(control: LogControl, config: Path) -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        reload_on_hangup(control, config)
        emit(Event.FACTS_SENT, n=1)
        config.write_text('data_dir = "state"\n[log]\nlevel = "debug"\n')
        os.kill(os.getpid(), signal.SIGHUP)
        emit(Event.FACTS_SENT, n=2)
        config.write_text("[log]\nlevel = 4\n")
        os.kill(os.getpid(), signal.SIGHUP)
        control.set_level("error")
        emit(Event.AGENT_READY)
    finally:
        signal.signal(signal.SIGHUP, before)
    events = [line["event"] for line in _lines(config.parent / "state" / "logs")]
    assert events == ["log_level_changed", "facts_sent", "config_rejected", "log_level_changed"]


def test_files_rotate_and_are_read_back_in_order(tmp_path: Path) -> None:
    handler = _file(tmp_path, file_bytes=320, file_count=4)
    for number in range(40):
        handler.emit(
            event_record(Event.SALE_COMMITTED, {"n": number}, SALE if number % 2 else OTHER)
        )
    handler.close()
    assert [path.name for path in log_files(tmp_path)] == [
        "agent.log.3",
        "agent.log.2",
        "agent.log.1",
        "agent.log",
    ]
    kept = [entry.detail["n"] for entry in entries(tmp_path, Wanted())]
    assert kept == list(range(kept[0], 40))
    assert len(kept) >= 6
    mine = [entry.detail["n"] for entry in entries(tmp_path, Wanted(sale_id=SALE[:8].upper()))]
    assert mine == [n for n in kept if n % 2]


def test_the_file_pauses_when_the_disk_is_nearly_full(tmp_path: Path) -> None:
    now, free = [0.0], [FREE_FLOOR_BYTES]
    handler = _file(tmp_path, free=lambda _folder: free[0], monotonic=lambda: now[0])
    for number in range(6):
        if number == 2:
            free[0], now[0] = FREE_FLOOR_BYTES - 1, 1.0
        if number == 5:
            free[0], now[0] = FREE_FLOOR_BYTES, 2.0
        handler.emit(event_record(Event.SALE_COMMITTED, {"n": number}))
    handler.close()
    told = [(line["event"], line["detail"]) for line in _lines(tmp_path)]
    assert told == [
        ("sale_committed", {"n": 0}),
        ("sale_committed", {"n": 1}),
        ("log_paused", {"free_below": FREE_FLOOR_BYTES}),
        ("log_resumed", {"not_written": 3}),
        ("sale_committed", {"n": 5}),
    ]


def test_a_file_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    handler = _file(tmp_path)
    (tmp_path / "agent.log").mkdir()
    handler.emit(event_record(Event.SALE_COMMITTED, {"n": 0}))
    handler.emit(event_record(Event.SALE_COMMITTED, {"n": 1}))
    assert handler.dropped == 2
    (tmp_path / "agent.log").rmdir()
    handler.emit(event_record(Event.SALE_COMMITTED, {"n": 2}))
    handler.close()
    told = [(line["event"], line["detail"]) for line in _lines(tmp_path)]
    assert told == [("log_resumed", {"not_written": 2}), ("sale_committed", {"n": 2})]


def test_a_full_disk_costs_lines_and_not_the_agent(tmp_path: Path) -> None:
    """The kernel refuses to grow the file past a limit, as on a full disk."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from edge_agent.log_setup import GuardedFile\n"
        "from edge_agent.log_lines import JsonFormatter\n"
        "from edge_agent.event_log import event_record\n"
        "from edge_agent.event_codes import Event\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400, resource.RLIM_INFINITY))\n"
        "h = GuardedFile(Path(sys.argv[1])); h.setFormatter(JsonFormatter())\n"
        "for n in range(20): h.emit(event_record(Event.SALE_COMMITTED, {'n': n}))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "lost = h.dropped; h.emit(event_record(Event.SALE_COMMITTED, {'n': 20})); h.close()\n"
        "print(lost)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    found = list(entries(tmp_path, Wanted()))
    assert int(ran.stdout) > 10
    assert found[-2].event == "log_resumed"
    assert found[-2].detail == {"not_written": int(ran.stdout)}
    assert found[-1].detail == {"n": 20}


def test_a_missing_log_folder_does_not_stop_the_agent(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    path = tmp_path / "agent.toml"
    path.write_text('data_dir = "state"\n')
    control = configure(load_settings(path), service=True)
    level = logging.getLogger().level
    emit(Event.AGENT_READY)
    control.close()
    logging.getLogger().setLevel(level)


def test_journal_lines_carry_their_priority() -> None:
    formatter = JsonFormatter(journal=True)
    assert formatter.format(event_record(Event.AGENT_READY, {})).startswith('<6>{"at"')
    assert formatter.format(event_record(Event.LEDGER_DAMAGED, {})).startswith('<3>{"at"')


def test_lines_for_people() -> None:
    line = JsonFormatter().format(event_record(Event.PRINT_UNKNOWN, {"job": "a", "n": 2}, SALE))
    shown = human(parse(line))
    assert shown[20:] == f"error   print_unknown  sale {SALE}  job=a  n=2"
    assert human(parse("not json")) == "not json"
    assert human(parse("[1]")) == "[1]"
    assert human(parse('{"event": "x", "at": "never"}')) == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", datetime(2026, 3, 1, 11, 50, tzinfo=UTC)),
        ("2h", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("1d", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("2026-03-01T08:00+02:00", datetime(2026, 3, 1, 6, tzinfo=UTC)),
        ("2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
    ],
)
def test_since(text: str, expected: datetime) -> None:
    assert parse_since(text, datetime(2026, 3, 1, 12, tzinfo=UTC)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "10", "-5m", "9999999d", "999999d", "٣m"])
def test_since_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: use 10m"):
        parse_since(text, datetime(2026, 3, 1, 12, tzinfo=UTC))


def test_since_filters(tmp_path: Path) -> None:
    (tmp_path / "agent.log").write_text(
        '{"at": "2026-03-01T10:00:00.000Z", "event": "a"}\n'
        '{"at": "2026-03-01T11:00:00.000Z", "event": "b"}\nbroken\n'
    )
    wanted = Wanted(since=datetime(2026, 3, 1, 11, tzinfo=UTC))
    assert [entry.event for entry in entries(tmp_path, wanted)] == ["b"]


def test_following_crosses_a_rotation(tmp_path: Path) -> None:
    handler = _file(tmp_path, file_bytes=250, file_count=3)
    handler.emit(event_record(Event.SALE_COMMITTED, {"n": -1}))
    left = list(range(6))

    def write_next() -> None:
        if not left:
            raise EOFError
        handler.emit(event_record(Event.SALE_COMMITTED, {"n": left.pop(0)}))

    seen = _followed(tmp_path, write_next)
    handler.close()
    assert [entry.detail["n"] for entry in seen] == list(range(6))
    assert len(log_files(tmp_path)) == 3


def test_following_waits_for_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    pauses = []

    def write_next() -> None:
        pauses.append(1)
        if len(pauses) == 3:
            raise EOFError
        if len(pauses) == 2:
            (tmp_path / "agent.log").write_text('{"event": "first"}\n')

    assert [entry.event for entry in _followed(tmp_path, write_next)] == ["first"]
