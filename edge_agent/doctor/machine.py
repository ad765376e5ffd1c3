"""Checks of this machine: folder, space, running agent, port, database."""

from __future__ import annotations

import os
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from edge_agent.anchor import FILE_NAME
from edge_agent.config import Settings
from edge_agent.doctor.finding import Case, Finding, Verdict
from edge_agent.ledger.storage import Storage
from edge_agent.ledger.verify import quick_check
from edge_agent.log_setup import FREE_FLOOR_BYTES, free_bytes

WARN_FREE_BYTES = 512 * 1024 * 1024
MAX_FILES = 1000
_WAL_FIX = (3, 51, 3)


def data_folder(case: Case) -> Iterable[Finding]:
    """There, writable, and every file in it its owner's."""
    folder = case.settings.data_dir
    if not folder.is_dir():
        yield Finding(
            "data folder",
            "fail",
            f"{folder} is not there",
            "enrol the register, which makes it, or correct data_dir",
        )
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding(
            "data folder",
            "fail",
            f"{folder} cannot be written: {error.strerror}",
            "run as the agent's user, or give that user the folder",
        )
        return
    strangers = _files_of_others(folder)
    if strangers:
        owner = folder.stat().st_uid
        yield Finding(
            "data folder",
            "fail",
            f"{strangers[0]} belongs to another user than its folder",
            f"chown -R --no-dereference {owner} {folder}",
        )
    else:
        yield Finding("data folder", "ok", str(folder))


def _files_of_others(folder: Path) -> list[Path]:
    if sys.platform == "win32":
        return []
    owner = folder.stat().st_uid
    found = []
    for path in islice(folder.rglob("*"), MAX_FILES):
        try:
            if path.lstat().st_uid != owner:
                found.append(path)
        except FileNotFoundError:
            continue
    return found


def free_space(case: Case) -> Iterable[Finding]:
    """Room for the ledger and the logs."""
    folder = case.settings.data_dir
    if not folder.is_dir():
        return
    free = free_bytes(folder)
    says = f"{free // (1024 * 1024)} MiB free"
    if free < FREE_FLOOR_BYTES:
        yield Finding("free space", "fail", says, "free disk space now: logs have stopped already")
    elif free < WARN_FREE_BYTES:
        yield Finding("free space", "warn", says, "free disk space")
    else:
        yield Finding("free space", "ok", says)


def reserve(case: Case) -> Iterable[Finding]:
    """The reserve for the day the disk is full, and what the agent says of its files."""
    folder = case.settings.data_dir
    if not folder.is_dir():
        return
    held = Storage(folder, case.settings.storage.reserve_sales, free_bytes).held
    says = f"{held // (1024 * 1024)} MiB held back for {case.settings.storage.reserve_sales} sales"
    state = "" if case.status is None else str(case.status.get("storage", "ok"))
    if state in _STORAGE:
        verdict, what, do = _STORAGE[state]
        yield Finding("reserve", verdict, f"{what}; {says}", do)
    elif held == 0 and case.status is None:
        yield Finding("reserve", "ok", "none yet: the running agent makes it")
    elif held == 0:
        do = "free disk space; the agent makes it by itself"
        yield Finding("reserve", "warn", "none yet", do)
    else:
        yield Finding("reserve", "ok", says)


_FREE = "free disk space now; the agent goes on and makes the reserve again by itself"
_STORAGE: Mapping[str, tuple[Verdict, str, str]] = MappingProxyType(
    {
        "low": ("warn", "disk space is low", "free disk space"),
        "reserve": ("fail", "the disk is full, sales live on the reserve", _FREE),
        "full": ("fail", "the reserve is used up, loyalty has stopped", _FREE),
        "damaged": (
            "fail",
            "the last check found the ledger damaged",
            "edge-agent ledger verify, then call support",
        ),
    }
)


def agent(case: Case) -> Iterable[Finding]:
    """Whether it runs, and answers."""
    if case.status is not None:
        yield Finding("agent", "ok", f"runs, version {case.status.get('agent_version', 'unknown')}")
    elif case.is_running:
        yield Finding("agent", "fail", case.problem, "read the log: edge-agent logs --since 10m")
    else:
        yield Finding("agent", "warn", "is not running", "start the service, or edge-agent run")


def port(case: Case) -> Iterable[Finding]:
    """The API's port is ours or free."""
    number = case.settings.api.port
    if case.is_running or number == 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            yield Finding(
                "port",
                "fail",
                f"{number} cannot be used: {error.strerror}",
                "stop the other program, or choose another [api] port",
            )
            return
    yield Finding("port", "ok", f"{number} is free")


def ledger(case: Case) -> Iterable[Finding]:
    """The database opens, its chain is whole, facts and sales agree."""
    path = case.settings.ledger_file
    if not path.is_file():
        yield Finding("ledger", "ok", "none yet: it is made at the first start")
        return
    faults = quick_check(path)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        yield Finding(
            "ledger",
            "fail",
            f"{faults[0]}{more}",
            "stop the agent, keep a copy of the folder, edge-agent ledger salvage, call support",
        )
    else:
        yield Finding("ledger", "ok", f"sound, {os.path.getsize(path) // 1024} KiB")


def head(case: Case) -> Iterable[Finding]:
    """Whether the register knows that its ledger is the newest, and where its anchor lies."""
    settings = case.settings
    state = "" if case.status is None else str(case.status.get("head", ""))
    if state in _HEADS:
        yield Finding("head", *_HEADS[state])
    elif state == "confirmed":
        yield from _anchor_place(settings)
    elif not settings.identity_file.is_file():
        return
    elif not (settings.anchor_dir / FILE_NAME).is_file():
        yield Finding("head", "warn", f"no anchor in {settings.anchor_dir}", _LINK)
    else:
        yield from _anchor_place(settings)


def _anchor_place(settings: Settings) -> Iterable[Finding]:
    inside = settings.data_dir.resolve() in (settings.anchor_dir / FILE_NAME).resolve().parents
    if inside:
        do = "set [storage] anchor_dir to a folder outside, best on another disk"
        yield Finding("head", "fail", "the anchor lies inside the data folder", do)
    elif _is_one_filesystem(settings.data_dir, settings.anchor_dir):
        yield Finding(
            "head",
            "warn",
            "data and anchor lie on one filesystem: an image of the whole disk, put back on this"
            " machine, takes both and looks like the newest",
            "set [storage] anchor_dir to a folder on another disk, or make images of the data"
            " folder alone",
        )
    else:
        yield Finding("head", "ok", f"anchor in {settings.anchor_dir}, on another filesystem")


def _is_one_filesystem(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


_LINK = "bring the link up: the centre confirms the ledger, until then offline bonuses only earn"
_ANEW = "keep a copy of the folder, then edge-agent enrol --code CODE --replace"
_HEADS: Mapping[str, tuple[Verdict, str, str]] = MappingProxyType(
    {
        "no_anchor": ("warn", "no anchor says that this ledger is the newest", _LINK),
        "anchor_damaged": ("warn", "the anchor cannot be read", _LINK),
        "anchor_failed": (
            "fail",
            "the anchor cannot be written: no bonuses are redeemed offline",
            "give the agent's user the folder [storage] anchor_dir, then restart",
        ),
        "other_machine": (
            "fail",
            "this disk was enrolled on another machine: no bonuses are redeemed offline",
            _LINK,
        ),
        "older_image": (
            "fail",
            "the ledger is older than its own past: an image was put back",
            _LINK,
        ),
        "behind": ("fail", "the centre holds later facts of this register", _ANEW),
        "forked": ("fail", "another copy of this register went on elsewhere", _ANEW),
    }
)


def sqlite_version(_case: Case) -> Iterable[Finding]:
    """Before 3.51.3 two writers could damage a WAL; the agent has one writer, so it is a note."""
    version = sqlite3.sqlite_version
    note = "" if sqlite3.sqlite_version_info >= _WAL_FIX else "; never open ledger.db for writing"
    yield Finding("SQLite", "ok", f"{version}{note}")
