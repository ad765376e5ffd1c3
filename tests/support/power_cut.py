"""Power cuts of a real run, replayed: what strace saw, and every state the disk may be left in.

The model is the worst that POSIX allows: until `fsync` or `fdatasync` of a file any subset of its
written sectors (512 bytes) or pages (4 KiB) may be missing, and until `fsync` of the folder any
subset of made, renamed and removed names. It trusts the disk to keep what it says it has kept.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.verify import quick_check
from tests.support.durable_workload import ACK, GONE

CALLS = (
    "openat,creat,write,pwrite64,ftruncate,rename,renameat,renameat2,unlink,unlinkat,fsync,"
    "fdatasync,mkdir,fallocate"
)
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+|\?)", re.DOTALL)
_FD = re.compile(r"^-?\w+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Op:
    """One call on a file of the folder, or an answered sale (`kind` "ack", its id in `name`),
    or one that may leave from here on ("gone")."""

    kind: str
    name: str
    data: bytes = b""
    at: int = 0
    to: str = ""


def record(folder: Path, *, mutant: bool = False) -> list[Op]:
    """Run the workload over a prepared folder under strace."""
    trace = folder / "trace.txt"
    command = [
        *("strace", "-f", "-qq", "-y", "-xx", "-s", "4194304", "-e", f"trace={CALLS}"),
        *("-o", str(trace), sys.executable, "-m", "tests.support.durable_workload", str(folder)),
    ]
    done = subprocess.run(
        [*command, *(["normal"] if mutant else [])],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    with trace.open(encoding="ascii", errors="replace") as lines:
        ops = list(_ops(lines, str(folder / "data")))
    trace.unlink()
    return ops


def _ops(lines: Iterator[str], folder: str) -> Iterator[Op]:
    open_calls: dict[str, str] = {}
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        pid, text = match[1], match[2]
        if text.endswith("<unfinished ...>"):
            open_calls[pid] = text.removesuffix("<unfinished ...>").rstrip()
            continue
        if text.startswith("<... "):
            text = open_calls.pop(pid, "") + text.partition("resumed>")[2]
        call = _CALL.match(text)
        if call is not None and not call[3].startswith("-"):
            op = _op(call[1], call[2], folder)
            if op is not None:
                yield op


def _text(quoted: str) -> bytes:
    return bytes.fromhex(quoted.replace("\\x", ""))


def _inside(path: str, folder: str) -> str | None:
    """Name of a file of the folder itself; "" is the folder."""
    path = path.removesuffix(" (deleted)")
    if path == folder:
        return ""
    head, _, name = path.rpartition("/")
    return name if head == folder else None


def _op(call: str, arguments: str, folder: str) -> Op | None:
    texts = [_text(found) for found in _TEXT.findall(arguments)]
    if call in ("rename", "renameat", "renameat2"):
        old, new = (_inside(text.decode(), folder) for text in texts[:2])
        return Op("rename", old, to=new) if old and new else None
    if call in ("unlink", "unlinkat"):
        name = _inside(texts[0].decode(), folder)
        return Op("unlink", name) if name else None
    if call == "openat":
        name = _inside(texts[0].decode(errors="replace"), folder) if texts else None
        return Op("create", name) if name and "O_CREAT" in arguments else None
    handle = _FD.match(arguments)
    if handle is None:
        return None
    path = _unquoted(handle[1])
    for told, kind in ((ACK, "ack"), (GONE, "gone")):
        if call == "write" and texts and texts[0].startswith(told):
            return Op(kind, texts[0][len(told) :].decode().strip())
    name = _inside(path, folder)
    if name is None:
        return None
    last = arguments.rpartition(", ")[2]
    if call == "pwrite64":
        return Op("write", name, texts[0], int(last))
    if call == "write":
        return Op("append", name, texts[0])
    if call == "ftruncate":
        return Op("truncate", name, at=int(last))
    return Op("sync", name) if call in ("fsync", "fdatasync") else None


def _unquoted(path: str) -> str:
    return _text(path).decode(errors="replace") if path.startswith("\\x") else path


# --- the disk ---------------------------------------------------------------------------------


@dataclass
class Inode:
    """A file's bytes as they are kept, as they are seen, and the changes between."""

    kept: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        _put(self.seen, at, data)
        self.waiting.append((at, data))

    def truncate(self, size: int) -> None:
        _cut(self.seen, size)
        self.waiting.append((size, b""))

    def sync(self) -> None:
        self.kept = bytearray(self.seen)
        self.waiting.clear()

    def after_cut(self, rng: random.Random, grain: int, share: float) -> bytes:
        left = bytearray(self.kept)
        for at, data in self.waiting:
            if not data:
                if rng.random() < share:
                    _cut(left, at)
                continue
            start = at
            while start < at + len(data):
                end = min((start // grain + 1) * grain, at + len(data))
                if rng.random() < share:
                    _put(left, start, data[start - at : end - at])
                start = end
        return bytes(left)


def _put(into: bytearray, at: int, data: bytes) -> None:
    if len(into) < at:
        into.extend(bytes(at - len(into)))
    into[at : at + len(data)] = data


def _cut(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


class Disk:
    """The folder as the operations of a run leave it."""

    def __init__(self, folder: Path) -> None:
        self._seen: dict[str, Inode] = {}
        for path in folder.iterdir():
            if path.is_file():
                inode = Inode()
                inode.write(0, path.read_bytes())
                inode.sync()
                self._seen[path.name] = inode
        self._kept = dict(self._seen)
        self._waiting: list[tuple[str, str, Inode | None]] = []
        old = folder / "ledger.db"
        self.answered = _sold(old) if old.exists() else set()

    def apply(self, op: Op) -> None:
        """Do what the call did."""
        if op.kind == "ack":
            self.answered.add(op.name)
        elif op.kind == "gone":
            self.answered.discard(op.name)
        elif op.kind == "sync" and not op.name:
            self._kept = dict(self._seen)
            self._waiting.clear()
        elif op.kind == "rename":
            inode = self._seen.pop(op.name)
            self._seen[op.to] = inode
            self._waiting.append((op.name, op.to, inode))
        elif op.kind == "unlink":
            self._seen.pop(op.name, None)
            self._waiting.append((op.name, "", None))
        elif op.name not in self._seen:
            if op.kind in ("create", "append", "write"):
                inode = self._seen[op.name] = Inode()
                self._waiting.append(("", op.name, inode))
                self._change(inode, op)
        else:
            self._change(self._seen[op.name], op)

    def _change(self, inode: Inode, op: Op) -> None:
        if op.kind == "write":
            inode.write(op.at, op.data)
        elif op.kind == "append":
            inode.write(len(inode.seen), op.data)
        elif op.kind == "truncate":
            inode.truncate(op.at)
        elif op.kind == "sync":
            inode.sync()

    def cut(self, rng: random.Random) -> dict[str, bytes]:
        """One of the states that a power cut may leave now."""
        share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        grain = rng.choice((512, 4096))
        names = dict(self._kept)
        for old, new, inode in self._waiting:
            if rng.random() < share:
                names.pop(old, None)
                if inode is not None:
                    names[new] = inode
        return {
            name: inode.after_cut(rng, grain, share)
            for name, inode in names.items()
            if not name.endswith("-shm")
        }


# --- the judgement ----------------------------------------------------------------------------


@dataclass
class Verdict:
    """What the states have shown."""

    states: int = 0
    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    cache_lost: int = 0

    @property
    def is_sound(self) -> bool:
        """Nothing acknowledged lost, nothing corrupt, facts and sales agree."""
        return not (self.lost or self.corrupt or self.unequal or self.cache_lost)


class PowerCuts:
    """States of one recorded run, built and judged."""

    def __init__(self, before: Path, ops: Sequence[Op], work: Path) -> None:
        self._before = before
        self._ops = ops
        self._work = work
        work.mkdir(parents=True, exist_ok=True)

    def run(self, count: int, rng: random.Random, verdict: Verdict) -> None:
        """Judge `count` states at random moments of the run."""
        moments = sorted(rng.randrange(len(self._ops)) for _ in range(count))
        disk, done = Disk(self._before), 0
        for moment in moments:
            for op in self._ops[done:moment]:
                disk.apply(op)
            done = max(done, moment)
            self._judge(disk.cut(rng), disk.answered, f"op {moment}", verdict)

    def _judge(
        self, state: dict[str, bytes], answered: set[str], where: str, verdict: Verdict
    ) -> None:
        for path in self._work.iterdir():
            path.unlink()
        for name, data in state.items():
            (self._work / name).write_bytes(data)
        verdict.states += 1
        path = self._work / "ledger.db"
        try:
            Ledger(path, "R1", 1).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the file did not open
            verdict.corrupt.append(f"{where}: {type(error).__name__}: {error}")
            return
        faults = quick_check(path)
        if faults:
            kind = "sale" in " ".join(faults) and "integrity" not in " ".join(faults)
            (verdict.unequal if kind else verdict.corrupt).append(f"{where}: {faults[:3]}")
        lost = answered - _sold(path)
        if lost:
            verdict.lost.append(f"{where}: {len(lost)} sales")
        moved: list[Path] = []
        with closing(Cache(self._work / "cache.db", on_rebuilt=moved.append)) as cache:
            cache.check()
        verdict.cache_lost += bool(moved)


def _sold(path: Path) -> set[str]:
    with closing(connect_reader(path)) as connection:
        rows = connection.execute("SELECT sale_id FROM sale WHERE document IS NOT NULL")
        return {row[0] for row in rows}
