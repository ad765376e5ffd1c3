"""Raw bytes of a port with their times, as JSON lines: what a shop's reader really sent.

A line is `{"at_ms": 120, "way": "out", "hex": "5d45…"}`; `out` is from the device. A recording
holds the codes that were scanned: make it with test cards, and never from a till at work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Way = Literal["out", "in"]
MAX_LINES = 100_000
MAX_GAP_MS = 60_000


class BadRecording(ValueError):
    """A recording that cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that passed at once, milliseconds after the first."""

    at_ms: int
    way: Way
    data: bytes


def write_piece(path: Path, piece: Piece) -> None:
    """Append one line."""
    line = {"at_ms": piece.at_ms, "way": piece.way, "hex": piece.data.hex()}
    with path.open("a", encoding="ascii") as file:
        file.write(json.dumps(line) + "\n")


def read_pieces(path: Path) -> list[Piece]:
    """The whole recording, in order of time."""
    pieces: list[Piece] = []
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecording(f"{path.name}: {error}") from error
    if len(lines) > MAX_LINES:
        raise BadRecording(f"{path.name}: more than {MAX_LINES} lines")
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            piece = Piece(int(found["at_ms"]), found["way"], bytes.fromhex(found["hex"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecording(f"{path.name}:{number}: {error}") from error
        if piece.way not in ("out", "in") or (pieces and piece.at_ms < pieces[-1].at_ms):
            raise BadRecording(f"{path.name}:{number}: another way, or out of order")
        pieces.append(piece)
    return pieces
