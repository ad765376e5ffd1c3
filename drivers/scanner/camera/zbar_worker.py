"""The process that runs zbar: pictures in, readings out, nothing else.

zbar aborts the whole process on some crafted QR codes, and pyzbar raises on structured append; here
either costs one picture. A picture comes as `HEADER` (width, height, bits of the wanted kinds, in
the order of `ZBAR_KINDS`) and its grey bytes; a line of JSON goes back: `{"found": [[kind, text,
left, top, right, bottom], …], "cpu_us": 1200}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import sys
import time
from typing import IO, Any

from drivers.scanner.camera.limits import limit_this_process
from drivers.scanner.camera.symbology import SYMBOLOGIES

HEADER = struct.Struct("<III")
MAX_PIXELS = 16_800_000
MAX_FOUND = 32
MEMORY_LIMIT_MIB = 512
ZBAR_KINDS = tuple(each.name for each in SYMBOLOGIES.values() if each.zbar)


def kind_bits(names: tuple[str, ...]) -> int:
    """The kinds of `names` that zbar reads, as bits."""
    return sum(1 << place for place, name in enumerate(ZBAR_KINDS) if name in names)


def read_picture(pixels: bytes, width: int, height: int, bits: int) -> list[list[Any]]:
    """What zbar finds; a picture that makes pyzbar raise holds nothing."""
    from pyzbar import pyzbar

    named = {SYMBOLOGIES[name].zbar: name for name in ZBAR_KINDS}
    wanted = [
        pyzbar.ZBarSymbol[SYMBOLOGIES[name].zbar]
        for place, name in enumerate(ZBAR_KINDS)
        if bits >> place & 1
    ]
    if not wanted:
        return []
    try:
        decoded = pyzbar.decode((pixels, width, height), symbols=wanted)
    except ValueError:
        return []  # structured append: pyzbar does not know that kind of symbol
    found = []
    for each in decoded[:MAX_FOUND]:
        with contextlib.suppress(UnicodeDecodeError):
            box = each.rect
            corners = [box.left, box.top, box.left + box.width, box.top + box.height]
            found.append([named.get(each.type, ""), each.data.decode("utf-8"), *corners])
    return [entry for entry in found if entry[0] and entry[1]]


def serve(pictures: IO[bytes], answers: IO[bytes]) -> None:
    """Say that it is ready, then answer pictures until the pipe closes."""
    import pyzbar.pyzbar  # noqa: F401 - loaded before the first picture waits for it

    answers.write(b"{}\n")
    answers.flush()
    while len(header := pictures.read(HEADER.size)) == HEADER.size:
        width, height, bits = HEADER.unpack(header)
        if not 0 < width * height <= MAX_PIXELS:
            raise ValueError("a picture out of bounds")
        pixels = pictures.read(width * height)
        if len(pixels) < width * height:
            return
        begun = time.process_time_ns()
        found = read_picture(pixels, width, height, bits)
        spent_us = (time.process_time_ns() - begun) // 1000
        answer = json.dumps({"found": found, "cpu_us": spent_us}, ensure_ascii=True)
        answers.write(answer.encode() + b"\n")
        answers.flush()


def main() -> int:
    """Entry point of the process; standard output belongs to the answers alone."""
    limit_this_process(MEMORY_LIMIT_MIB)
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            serve(sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
