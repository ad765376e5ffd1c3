"""ISL frames with a one-byte LEN: encode, and decode as bytes arrive. Pure.

    host    01 LEN SEQ CMD DATA 05 BCC×4 03
    printer 01 LEN SEQ CMD DATA 04 S0..S5 05 BCC×4 03   or a bare 15 (NAK) or 16 (SYN)

LEN counts from itself to 05, plus 20h. BCC is the 16-bit sum of LEN..05 as four nibbles, high
first, each plus 30h. Inside DATA only 20h..FFh, 09h and 0Ah stand for themselves; another control
byte c is sent as 10h, c+40h. Source: Datecs programmer's manual, protocol P, low level protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from drivers.errors import FrameError

PREAMBLE, TERMINATOR, SEPARATOR, POSTAMBLE = 0x01, 0x03, 0x04, 0x05
ESCAPE, NAK, SYN = 0x10, 0x15, 0x16
OFFSET = 0x20
FIRST_SEQ, LAST_SEQ = 0x20, 0x7F
MAX_REQUEST_DATA = 213
MAX_REPLY_DATA = 218
STATUS_BYTES = 6
MAX_BODY = 3 + MAX_REPLY_DATA + 1 + STATUS_BYTES + 1 + 4

_PLAIN_CONTROLS = frozenset(b"\t\n")


@dataclass(frozen=True, slots=True)
class Request:
    """A frame from the host. A host that reads one back is hearing its own echo."""

    seq: int
    cmd: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame from the printer; `length_warning` when LEN was one off though the BCC was right."""

    seq: int
    cmd: int
    data: bytes
    status: bytes
    length_warning: bool = False


@dataclass(frozen=True, slots=True)
class Nak:
    """The printer could not read the request: send it again with the same SEQ."""


@dataclass(frozen=True, slots=True)
class Syn:
    """The printer is still busy with the request."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that began like a frame and are none; `reason` is a stable word."""

    reason: str


Event: TypeAlias = Request | Reply | Nak | Syn | Rejected


def escape(data: bytes) -> bytes:
    """DATA as it goes on the wire."""
    out = bytearray()
    for byte in data:
        if byte >= OFFSET or byte in _PLAIN_CONTROLS:
            out.append(byte)
        else:
            out += bytes((ESCAPE, byte + 0x40))
    return bytes(out)


def unescape(wire: bytes) -> bytes:
    """DATA as it was meant; `FrameError` for a bare control byte or a broken escape."""
    out = bytearray()
    stream = iter(wire)
    for byte in stream:
        if byte == ESCAPE:
            escaped = next(stream, 0)
            if not 0x40 <= escaped < 0x60:
                raise FrameError("bad_escape", "10h is not followed by an escaped control byte")
            out.append(escaped - 0x40)
        elif byte >= OFFSET or byte in _PLAIN_CONTROLS:
            out.append(byte)
        else:
            raise FrameError("bad_data", f"control byte {byte:02X}h inside DATA")
    return bytes(out)


def encode_request(seq: int, cmd: int, data: bytes = b"") -> bytes:
    """A host frame; `FrameError` when SEQ, CMD or the length of DATA is out of bounds.

    Longer data would overflow LEN and go out as a frame that no printer can read."""
    if not FIRST_SEQ <= seq <= LAST_SEQ:
        raise FrameError("bad_seq", f"SEQ {seq:#x} is not 20h..7Fh")
    return _encode(seq, cmd, data, b"", MAX_REQUEST_DATA)


def encode_reply(seq: int, cmd: int, data: bytes, status: bytes) -> bytes:
    """A printer frame with its six status bytes, bit 7 of each set."""
    if len(status) != STATUS_BYTES or any(byte < 0x80 for byte in status):
        raise FrameError("bad_status", "six status bytes with bit 7 set are needed")
    return _encode(seq, cmd, data, bytes((SEPARATOR,)) + status, MAX_REPLY_DATA)


def _encode(seq: int, cmd: int, data: bytes, tail: bytes, limit: int) -> bytes:
    if not 0x20 <= cmd <= 0xFF:
        raise FrameError("bad_cmd", f"command {cmd} is not 32..255")
    wire = escape(data)
    if len(wire) > limit:
        raise FrameError("data_too_long", f"{len(wire)} bytes of DATA, at most {limit}")
    body = bytes((seq, cmd)) + wire + tail + bytes((POSTAMBLE,))
    body = bytes((len(body) + 1 + OFFSET,)) + body
    return bytes((PREAMBLE,)) + body + bcc(body) + bytes((TERMINATOR,))


def bcc(body: bytes) -> bytes:
    """The 16-bit sum as four nibbles."""
    total = sum(body) & 0xFFFF
    return bytes(0x30 + (total >> shift & 0xF) for shift in (12, 8, 4, 0))


class FrameDecoder:
    """Feed bytes as they come; never raises, and never yields a frame with a wrong BCC.

    01h always begins a frame and 03h always ends one, for DATA cannot hold them. `parse` reads what
    stands between them."""

    def __init__(
        self,
        parse: Callable[[bytes], Request | Reply | Rejected] | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self._parse = parse or _parse
        self._max_body = max_body
        self._body: bytearray | None = None
        self.garbage_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes completed, in order."""
        events: list[Event] = []
        for byte in data:
            if self._body is None or byte in (PREAMBLE, NAK, SYN):
                self._outside(byte, events)
            elif byte == TERMINATOR:
                events.append(self._parse(bytes(self._body)))
                self._body = None
            else:
                self._body.append(byte)
                if len(self._body) > self._max_body:
                    events.append(Rejected("overlong"))
                    self._body = None
        return events

    def _outside(self, byte: int, events: list[Event]) -> None:
        if self._body is not None:
            events.append(Rejected("truncated"))
            self._body = None
        if byte == PREAMBLE:
            self._body = bytearray()
        elif byte == NAK:
            events.append(Nak())
        elif byte == SYN:
            events.append(Syn())
        else:
            self.garbage_bytes += 1


def _parse(body: bytes) -> Request | Reply | Rejected:
    """One frame without 01h and 03h."""
    if len(body) < 8 or body[-5] != POSTAMBLE:
        return Rejected("form")
    checked = body[:-4]
    if body[-4:] != bcc(checked):
        return Rejected("bcc")
    length_error = body[0] - OFFSET - len(checked)
    # Real DP-150MX replies carry a LEN one too small under a right BCC.
    if abs(length_error) > 1:
        return Rejected("length")
    return read_fields(body[1], body[2], checked[3:-1], STATUS_BYTES, length_error != 0)


def read_fields(
    seq: int, cmd: int, rest: bytes, status_bytes: int, length_warning: bool
) -> Request | Reply | Rejected:
    """The meaning of a frame whose check was right; `rest` is DATA and, in a reply, the status."""
    if seq < FIRST_SEQ or cmd < 0x20:
        return Rejected("form")
    status = b""
    if len(rest) > status_bytes and rest[-1 - status_bytes] == SEPARATOR:
        rest, status = rest[: -1 - status_bytes], rest[-status_bytes:]
        if any(byte < 0x80 for byte in status):
            return Rejected("status")
    try:
        data = unescape(rest)
    except FrameError as error:
        return Rejected(error.code)
    if status:
        return Reply(seq, cmd, data, status, length_warning)
    return Rejected("length") if length_warning else Request(seq, cmd, data)
