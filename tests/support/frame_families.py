"""The frame codecs of all protocols under one form, and ways to damage a frame."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.fiscal.atol import frame as atol
from drivers.fiscal.isl import frame as isl
from drivers.fiscal.isl import frame_x as isl_x
from drivers.fiscal.maria import frame as maria
from drivers.fiscal.shtrih import frame as shtrih

FOLDER = Path(__file__).parents[1] / "data" / "drivers"


@dataclass(frozen=True)
class Family:
    """One protocol: its published frames, its decoder, and how an event is encoded again."""

    name: str
    file: str
    decoder: Callable[[], Any]
    encode_again: Callable[[Any], bytes | None]

    def frames(self) -> dict[str, bytes]:
        """The published frames by name."""
        lines = (FOLDER / self.file).read_text(encoding="utf-8").splitlines()
        rows = [line.split(" | ") for line in lines if not line.startswith("#")]
        return {name: bytes.fromhex(hexed) for name, hexed, _source in rows}

    def decode(self, data: bytes, piece: int = 0) -> list[Any]:
        """Events of these bytes, fed at once or in pieces, and what silence makes of the rest."""
        decoder = self.decoder()
        step = piece or max(len(data), 1)
        events = [e for n in range(0, len(data), step) for e in decoder.feed(data[n : n + step])]
        return [*events, *(decoder.silence() if hasattr(decoder, "silence") else ())]


def _isl_again(event: Any) -> bytes | None:
    if not isinstance(event, isl.Reply | isl.Request) or event.seq > isl.LAST_SEQ:
        return None
    if isinstance(event, isl.Reply) and not event.length_warning:
        return isl.encode_reply(event.seq, event.cmd, event.data, event.status)
    if isinstance(event, isl.Reply):
        return None
    return isl.encode_request(event.seq, event.cmd, event.data)


def _shtrih_again(event: Any) -> bytes | None:
    return shtrih.encode(event.cmd, event.body) if isinstance(event, shtrih.Packet) else None


def _isl_x_again(event: Any) -> bytes | None:
    if isinstance(event, isl.Reply):
        again = isl_x.encode_reply(event.seq, event.cmd, event.data, event.status)
        return None if event.length_warning else again
    if isinstance(event, isl.Request):
        return isl_x.encode_request(event.seq, event.cmd, event.data)
    return None


def _atol_again(event: Any) -> bytes | None:
    return atol.encode(event.packet_id, event.data) if isinstance(event, atol.Packet) else None


def _maria_again(event: Any) -> bytes | None:
    if not isinstance(event, maria.Frame):
        return None
    return maria.encode(event.payload, event.checked)


FAMILIES = {
    family.name: family
    for family in (
        Family("isl", "isl_frames.txt", isl.FrameDecoder, _isl_again),
        Family("isl_x", "isl_x_frames.txt", isl_x.decoder, _isl_x_again),
        Family("atol", "atol_frames.txt", atol.PacketDecoder, _atol_again),
        Family("maria", "maria_frames.txt", lambda: maria.FrameDecoder(crc=False), _maria_again),
        Family("maria_crc", "maria_crc_frames.txt", lambda: maria.FrameDecoder(True), _maria_again),
        Family("shtrih", "shtrih_frames.txt", shtrih.PacketDecoder, _shtrih_again),
    )
}


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """The frame with one to three bytes changed, dropped, inserted or swapped."""
    damaged = bytearray(frame)
    for _ in range(chance.randint(1, 3)):
        place, kind = chance.randrange(len(damaged)), chance.randrange(4)
        if kind == 0:
            damaged[place] = chance.randrange(256)
        elif kind == 1 and len(damaged) > 1:
            del damaged[place]
        elif kind == 2:
            damaged.insert(place, chance.randrange(256))
        else:
            other = chance.randrange(len(damaged))
            damaged[place], damaged[other] = damaged[other], damaged[place]
    return bytes(damaged)


def survives(family: Family, frame: bytes, chance: random.Random, rounds: int) -> int:
    """Damage a frame many times; returns how many mutants kept a right check.

    Raises `AssertionError` for a frame that was taken though it stands nowhere in the bytes with a
    right check; any exception of the decoder comes through."""
    kept = 0
    for _ in range(rounds):
        damaged = mutated(frame, chance)
        for event in family.decode(damaged):
            again = family.encode_again(event)
            assert again is None or again in damaged, (family.name, damaged.hex(" "), event)
            kept += again is not None and again != frame
    return kept
