"""Base45: bytes as the characters that a QR code packs best (RFC 9285).

Two bytes become three characters and a single last byte two, least significant character first.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {char: value for value, char in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Text of any bytes. Parts of even length may be encoded apart and put together."""
    text = []
    for place in range(0, len(data) - 1, 2):
        number = data[place] << 8 | data[place + 1]
        rest, high = number % 2025, number // 2025
        text.append(ALPHABET[rest % 45] + ALPHABET[rest // 45] + ALPHABET[high])
    if len(data) % 2:
        text.append(ALPHABET[data[-1] % 45] + ALPHABET[data[-1] // 45])
    return "".join(text)


def decode(text: str) -> bytes:
    """Bytes of a text; `ValueError` for a strange character, length or a group that is too big."""
    if len(text) % 3 == 1:
        raise ValueError("a base-45 text is never one character longer than its groups")
    try:
        values = [_VALUE[char] for char in text]
    except KeyError:
        raise ValueError("a character that base 45 does not have") from None
    data = bytearray()
    for place in range(0, len(values) - 2, 3):
        number = values[place] + 45 * values[place + 1] + 2025 * values[place + 2]
        if number > 0xFFFF:
            raise ValueError("three characters stand for more than two bytes")
        data += number.to_bytes(2, "big")
    if len(values) % 3 == 2:
        number = values[-2] + 45 * values[-1]
        if number > 0xFF:
            raise ValueError("two characters stand for more than one byte")
        data.append(number)
    return bytes(data)
