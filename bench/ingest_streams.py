"""10,000 push streams in one service process: what each costs, and how soon all hear of a commit.

The service is `edge-central run`, the streams are held by a client in a process of its own. The
clock is the machine's monotonic one, which both processes share.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.report import Row, percentile
from bench.soak.central_rig import Service, now_text
from central.changes import Changes
from central.enrolment import create_code
from central.instants import system_clock
from central.place import opened
from sync.contract.signing import sign_request
from sync.enrolment import enrol

STREAMS = 10_000
ROUNDS = 5
BUDGET_KB, BUDGET_S = 35.0, 1.5
_AT_ONCE = 64
_SPARE_FILES = 500
_TARGET = "/v1/feed/hints"


def files_for(streams: int) -> int:
    """Raise the limit on open files; how many streams that allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + _SPARE_FILES
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        soft = limit
    return min(streams, soft - _SPARE_FILES)


def resident_kb(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"no VmRSS of {pid}")


# --- the client's process -----------------------------------------------------------------------


class Stream(asyncio.Protocol):
    """One stream; notes when it opened and when each hint came."""

    def __init__(self, request: bytes, opened: asyncio.Future[None]) -> None:
        self._request = request
        self._opened = opened
        self._seen = b""
        self.hints: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count hints; an event may be cut over two reads."""
        self._seen += data
        if not self._opened.done() and b": beat" in self._seen:
            self._opened.set_result(None)
        for _ in range(self._seen.count(b"event: hint")):
            self.hints.append(time.monotonic())
        self._seen = self._seen[-10:].rpartition(b"event: hint")[2]

    def connection_lost(self, error: Exception | None) -> None:
        """A stream that ends before it opened is an error."""
        if not self._opened.done():
            self._opened.set_exception(error or ConnectionError("the stream was refused"))


async def hold_streams(url: str, request: bytes, count: int) -> None:
    """Open them, say so, then print the arrivals whenever a line comes on stdin."""
    loop = asyncio.get_running_loop()
    place = urlsplit(url)
    gate = asyncio.Semaphore(_AT_ONCE)
    streams: list[Stream] = []

    async def open_one() -> None:
        async with gate:
            opened: asyncio.Future[None] = loop.create_future()
            stream = Stream(request, opened)
            await loop.create_connection(lambda: stream, place.hostname, place.port)
            await opened
            streams.append(stream)

    await asyncio.gather(*(open_one() for _ in range(count)))
    print(json.dumps({"open": len(streams)}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "clear":
            for stream in streams:
                stream.hints.clear()
        arrived = [stream.hints[0] for stream in streams if stream.hints]
        print(json.dumps(arrived), flush=True)


# --- the bench's process ------------------------------------------------------------------------


def stream_rows(folder: Path) -> list[Row]:
    """Memory and fan-out."""
    count = files_for(STREAMS)
    data_dir = folder / "streams"
    service = Service(data_dir, folder / "streams.log")
    try:
        with opened(data_dir, None) as connection:
            with connection.transaction():
                code, _ = create_code(connection, "S1", "R1", "", 1, system_clock())
            identity = enrol(service.url, code, None, "bench", "0.1.0")
        signed = sign_request(identity.private_key, "R1", "GET", _TARGET, now_text(), b"")
        lines = [f"GET {_TARGET} HTTP/1.1", f"Host: {urlsplit(service.url).netloc}"]
        lines += [f"{name}: {value}" for name, value in signed.items()]
        request = "\r\n".join([*lines, "", ""])
        few, _ = _measure(service, data_dir, request, 50, rounds=0)
        del few
        time.sleep(1.0)
        idle_kb = resident_kb(service.pid)
        open_kb, delays = _measure(service, data_dir, request, count, rounds=ROUNDS)
    finally:
        service.stop()
    beside = f"{count:,} streams, process idle at {idle_kb / 1024:.0f} MiB"
    median = percentile(delays, 50)
    return [
        Row("memory of a stream", (open_kb - idle_kb) / count, BUDGET_KB, "kB", beside),
        Row("commit to hint, p99", percentile(delays, 99), BUDGET_S, "s", f"p50 {median:.2f} s"),
    ]


def _measure(
    service: Service, data_dir: Path, request: str, count: int, rounds: int
) -> tuple[int, list[float]]:
    """Resident memory with the streams open, and delays of every hint of every round."""
    client = subprocess.Popen(
        [sys.executable, "-m", "bench.ingest_streams", service.url, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    try:
        client.stdin.write(json.dumps(request) + "\n")
        client.stdin.flush()
        is_open = json.loads(client.stdout.readline())
        assert is_open == {"open": count}, is_open
        time.sleep(1.0)
        kb = resident_kb(service.pid)
        delays: list[float] = []
        for number in range(rounds):
            _say(client, "clear")
            committed_at = _commit_change(data_dir, number)
            delays += [at - committed_at for at in _await_all(client, count)]
        return kb, delays
    finally:
        client.stdin.close()
        client.wait(30)
        client.stdout.close()


def _say(client: subprocess.Popen[str], line: str) -> list[float]:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(line + "\n")
    client.stdin.flush()
    arrived: list[float] = json.loads(client.stdout.readline())
    return arrived


def _await_all(client: subprocess.Popen[str], count: int) -> list[float]:
    end = time.monotonic() + 30
    while True:
        time.sleep(1.0)
        arrived = _say(client, "tell")
        if len(arrived) == count or time.monotonic() > end:
            assert len(arrived) == count, f"{count - len(arrived)} streams heard nothing in 30 s"
            return arrived


def _commit_change(data_dir: Path, number: int) -> float:
    with opened(data_dir, None) as connection:
        with connection.transaction():
            changes = Changes()
            changes.put("good", "1", {"n": number})
            changes.flush(connection)
        return time.monotonic()


if __name__ == "__main__":
    files_for(STREAMS)
    asyncio.run(
        hold_streams(sys.argv[1], json.loads(sys.stdin.readline()).encode(), int(sys.argv[2]))
    )
