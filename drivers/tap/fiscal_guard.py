"""Telling a fiscal printer's protocol from ESC/POS, so that its stream is never touched.

Frames there carry checks and sequence numbers, and changing one is a matter of law. Whatever looks
like a frame makes the wire blind for good; nothing is added either before ESC/POS was recognised.
"""

from __future__ import annotations

from typing import Final

SOH, STX, ENQ, MARIA, ATOL = 0x01, 0x02, 0x05, 0xFD, 0xFE
ESC_POS: Final = frozenset(
    {"ESC @", "ESC t", "ESC a", "ESC !", "ESC E", "ESC d", "GS !", "GS V", "GS v", "GS (", "GS r"}
)


def looks_fiscal(chunk: bytes) -> bool:
    """Whether bytes that begin here are a frame of ISL, Shtrih-M, MARIA or ATOL."""
    if not chunk:
        return False
    first = chunk[0]
    if first == SOH:
        return len(chunk) < 4 or (chunk[1] >= 0x20 and chunk[2] >= 0x20)
    if first == STX:
        size = chunk[1] if len(chunk) > 1 else 0
        return len(chunk) < 3 or (
            len(chunk) >= size + 3 and _xor(chunk[1 : size + 2]) == chunk[size + 2]
        )
    return first in (ENQ, MARIA, ATOL)


def _xor(data: bytes) -> int:
    check = 0
    for byte in data:
        check ^= byte
    return check
