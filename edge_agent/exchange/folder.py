"""The folder between till and agent: `NAME.req` goes in, `NAME.resp` or `NAME.err` comes out.

Both sides write `NAME.tmp` (or any other ending) first and rename: a rename is atomic on local
disks and on SMB shares, so that nobody reads half a file. Shares announce no changes, hence the
folder is polled.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge_agent.exchange.request import (
    MAX_REQUEST_BYTES,
    BadRequestFile,
    FileRequest,
    is_request_name,
    read_request,
)

MAX_FILES_A_PASS = 100
HALF_WRITTEN_S = 2.0
ANSWERS_STAY_S = 24 * 3600
Answer = tuple[int, bytes]


class ExchangeFolder:
    """One register's folder. `call` does a request and returns HTTP status and JSON bytes.

    `valid_s` is the age in seconds above which a request is no longer done: its till has gone on.
    """

    def __init__(
        self,
        folder: Path,
        call: Callable[[FileRequest], Answer],
        valid_s: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._call = call
        self._valid_s = valid_s
        self._now = now

    def work_off(self) -> int:
        """Answer every request that stands there, oldest first; how many were answered.

        Raises `OSError` when the folder cannot be read or written: a share that is away.
        """
        return sum(self._answer(path) for path in self._requests())

    def sweep(self) -> int:
        """Remove answers that nobody has fetched for a day; how many."""
        oldest = self._now() - ANSWERS_STAY_S
        old = [
            path
            for path in self._folder.iterdir()
            if path.suffix in (".resp", ".err") and _modified(path) < oldest
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _requests(self) -> Iterator[Path]:
        names = (path for path in self._folder.iterdir() if path.suffix == ".req")
        found = [path for path in names if path.is_file()]
        yield from sorted(found, key=lambda path: (_modified(path), path.name))[:MAX_FILES_A_PASS]

    def _answer(self, path: Path) -> bool:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_REQUEST_BYTES + 1)
            age_s = self._now() - path.stat().st_mtime
        except (FileNotFoundError, PermissionError):
            return False  # taken back by the till, or still open in it
        try:
            if not is_request_name(path.stem):
                raise BadRequestFile("bad_name", "a name has 1 to 64 letters, digits, _ and -")
            request = read_request(path.stem, raw)
            if age_s > self._valid_s and not request.keeps_for_ever:
                raise BadRequestFile("expired", f"older than {self._valid_s} s, so it is not done")
        except BadRequestFile as error:
            if error.code == "not_json" and age_s < HALF_WRITTEN_S:
                return False  # a till that does not rename may still be writing it
            self._put(path, ".err", _problem(error))
            return True
        status, body = self._call(request)
        answer = {"status": status, "body": json.loads(body)}
        is_done = 200 <= status < 300
        content = answer if is_done else {"status": status, **answer["body"]}
        self._put(path, ".resp" if is_done else ".err", content, request.is_ascii_only)
        return True

    def _put(self, path: Path, ending: str, content: Any, is_ascii_only: bool = False) -> None:
        """The answer first, then the request goes: a cut between the two repeats the call."""
        unfinished = path.with_suffix(".answering")
        text = json.dumps(content, ensure_ascii=is_ascii_only, indent=1)
        unfinished.write_bytes(text.encode() + b"\n")
        other = ".err" if ending == ".resp" else ".resp"
        path.with_suffix(other).unlink(missing_ok=True)
        os.replace(unfinished, path.with_suffix(ending))
        with suppress(FileNotFoundError):
            path.unlink()


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _problem(error: BadRequestFile) -> dict[str, Any]:
    return {"status": 400, "code": error.code, "detail": str(error), "retryable": False}
