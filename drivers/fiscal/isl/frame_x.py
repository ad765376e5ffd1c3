"""Frames of Datecs X: LEN and CMD of four nibbles, SEQ up to FFh, eight status bytes. Pure.

    host    01 LEN×4 SEQ CMD×4 DATA 05 BCC×4 03
    printer 01 LEN×4 SEQ CMD×4 DATA 04 S0..S7 05 BCC×4 03

LEN counts from itself to 05, plus 20h; a nibble n is sent as 30h + n. Source: Datecs programmer's
manual for FMP-350X, FMP-55X and FP-700X, version 2.02, low level protocol.
"""

from __future__ import annotations

from typing import Final

from drivers.errors import FrameError
from drivers.fiscal.isl.frame import (
    OFFSET,
    POSTAMBLE,
    PREAMBLE,
    SEPARATOR,
    TERMINATOR,
    FrameDecoder,
    Rejected,
    Reply,
    Request,
    bcc,
    escape,
    read_fields,
)

FIRST_SEQ, LAST_SEQ = 0x20, 0xFF
STATUS_BYTES: Final = 8
MAX_DATA: Final = 480
HEAD: Final = 9
MAX_BODY: Final = HEAD + MAX_DATA + 1 + STATUS_BYTES + 1 + 4


def encode_request(seq: int, cmd: int, data: bytes = b"") -> bytes:
    """A host frame; `FrameError` when SEQ, CMD or the length of DATA is out of bounds."""
    return _encode(seq, cmd, data, b"")


def encode_reply(seq: int, cmd: int, data: bytes, status: bytes) -> bytes:
    """A printer frame with its eight status bytes, bit 7 of each set."""
    if len(status) != STATUS_BYTES or any(byte < 0x80 for byte in status):
        raise FrameError("bad_status", "eight status bytes with bit 7 set are needed")
    return _encode(seq, cmd, data, bytes((SEPARATOR,)) + status)


def decoder() -> FrameDecoder:
    """A decoder of these frames."""
    return FrameDecoder(_parse, MAX_BODY)


def _encode(seq: int, cmd: int, data: bytes, tail: bytes) -> bytes:
    if not FIRST_SEQ <= seq <= LAST_SEQ or not 0x20 <= cmd <= 0xFF:
        raise FrameError("bad_seq", f"SEQ {seq:#x} or command {cmd} is out of bounds")
    wire = escape(data)
    if len(wire) > MAX_DATA:
        raise FrameError("data_too_long", f"{len(wire)} bytes of DATA, at most {MAX_DATA}")
    rest = bytes((seq,)) + _nibbles(cmd) + wire + tail + bytes((POSTAMBLE,))
    body = _nibbles(len(rest) + 4 + OFFSET) + rest
    return bytes((PREAMBLE,)) + body + bcc(body) + bytes((TERMINATOR,))


def _nibbles(value: int) -> bytes:
    return bytes(0x30 + (value >> shift & 0xF) for shift in (12, 8, 4, 0))


def _number(nibbles: bytes) -> int:
    """The value of four nibbles, -1 when a byte is none."""
    if any(not 0x30 <= byte <= 0x3F for byte in nibbles):
        return -1
    return int("".join(f"{byte - 0x30:x}" for byte in nibbles), 16)


def _parse(body: bytes) -> Request | Reply | Rejected:
    """One frame without 01h and 03h."""
    if len(body) < HEAD + 5 or body[-5] != POSTAMBLE:
        return Rejected("form")
    checked = body[:-4]
    if body[-4:] != bcc(checked):
        return Rejected("bcc")
    length, cmd = _number(body[:4]), _number(body[5:9])
    if length < 0 or not 0 <= cmd <= 0xFF:
        return Rejected("form")
    length_error = length - OFFSET - len(checked)
    # Real DP-150MX replies carry a LEN one too small under a right BCC.
    if abs(length_error) > 1:
        return Rejected("length")
    return read_fields(body[4], cmd, checked[HEAD:-1], STATUS_BYTES, length_error != 0)
