"""Records read from the raw pages of an SQLite file and its log, without SQLite.

For a file that SQLite cannot open any more. Every record found is a guess until a checksum of its
own proves it: pages may be old, torn or free.
Source: sqlite.org/fileformat2.html, sections 1.6 (b-tree pages), 2.1 (records), 4.1 (log frames).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = "int | str | bytes | None"
Record: TypeAlias = "tuple[Value, ...]"

_INDEX_LEAF, _INDEX_INTERIOR = 0x0A, 0x02
_DEFAULT_PAGE = 4096
_WAL_HEADER, _FRAME_HEADER = 32, 24
_MAX_PAYLOAD = 4 * 1024 * 1024
_MAX_COLUMNS = 64
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class _NoRecord(Exception):
    """These bytes are no record."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Every version of every page by number; the newest first."""

    size: int
    versions: dict[int, list[bytes]]


def read_pages(path: Path) -> Pages:
    """All pages of the file and of the log beside it."""
    data = path.read_bytes()
    size = _page_size(data)
    versions: dict[int, list[bytes]] = {}
    for number in range(len(data) // size):
        versions[number + 1] = [data[number * size : (number + 1) * size]]
    log = path.with_name(f"{path.name}-wal")
    raw = log.read_bytes() if log.is_file() else b""
    step = _FRAME_HEADER + size
    for at in range(_WAL_HEADER, len(raw) - step + 1, step):
        (number,) = struct.unpack_from(">I", raw, at)
        if 0 < number <= 1 << 24:
            page = raw[at + _FRAME_HEADER : at + step]
            versions.setdefault(number, []).insert(0, page)
    return Pages(size, versions)


def _page_size(data: bytes) -> int:
    size = int.from_bytes(data[16:18], "big") if data[:6] == b"SQLite" else 0
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else _DEFAULT_PAGE


def records(pages: Pages, columns: Sequence[int]) -> Iterator[Record]:
    """Records of index b-trees (tables WITHOUT ROWID) that have one of the numbers of columns."""
    for number, versions in pages.versions.items():
        for page in versions:
            yield from _records_of(pages, page, 100 if number == 1 else 0, columns)


def _records_of(pages: Pages, page: bytes, start: int, columns: Sequence[int]) -> Iterator[Record]:
    kind = page[start]
    if kind not in (_INDEX_LEAF, _INDEX_INTERIOR):
        return
    (count,) = struct.unpack_from(">H", page, start + 3)
    first = start + (8 if kind == _INDEX_LEAF else 12)
    skip = 0 if kind == _INDEX_LEAF else 4
    for index in range(min(count, (len(page) - first) // 2)):
        (at,) = struct.unpack_from(">H", page, first + 2 * index)
        try:
            for payload in _payloads(pages, page, at + skip):
                record = _record(payload)
                if len(record) in columns:
                    yield record
        except (_NoRecord, IndexError, struct.error, UnicodeDecodeError):
            continue


def _payloads(pages: Pages, page: bytes, at: int) -> Iterator[bytes]:
    """The payload of a cell; where its overflow pages have several versions, with each of them."""
    length, at = _varint(page, at)
    if not 0 < length <= _MAX_PAYLOAD:
        raise _NoRecord
    usable = len(page)
    most = (usable - 12) * 64 // 255 - 23
    if length <= most:
        yield page[at : at + length]
        return
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = local if local <= most else least
    (following,) = struct.unpack_from(">I", page, at + local)
    for newest in (0, -1):
        payload = page[at : at + local]
        number, seen = following, 0
        while len(payload) < length and number in pages.versions and seen < 2_000:
            extra = pages.versions[number][newest]
            (number,) = struct.unpack_from(">I", extra)
            payload += extra[4 : 4 + length - len(payload)]
            seen += 1
        if len(payload) == length:
            yield payload


def _record(payload: bytes) -> Record:
    header_size, at = _varint(payload, 0)
    types = []
    while at < header_size:
        serial, at = _varint(payload, at)
        types.append(serial)
        if len(types) > _MAX_COLUMNS:
            raise _NoRecord
    values = []
    at = header_size
    for serial in types:
        value, at = _value(payload, at, serial)
        values.append(value)
    return tuple(values)


def _value(payload: bytes, at: int, serial: int) -> tuple[Value, int]:
    if serial == 0:
        return None, at
    if serial in (8, 9):
        return serial - 8, at
    if serial in _INTEGERS:
        end = at + _INTEGERS[serial]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if serial < 12:
        raise _NoRecord
    end = at + (serial - 12) // 2
    if end > len(payload):
        raise _NoRecord
    piece = payload[at:end]
    return (piece if serial % 2 == 0 else piece.decode()), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        byte = data[at + index]
        if index == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    raise _NoRecord
