"""Reading the spreadsheets that programmes come in: UTF-8 with or without BOM, `;` or `,`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from central.errors import BadInput, CentralError

MAX_FIELD = 2_000
_DECIMAL = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,2})?")
_BLANKS = str.maketrans("", "", " \u00a0\u202f'")


class BadRow(Exception):
    """A row that cannot be taken: `reason` is a stable code, `field` its column."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(f"{reason} ({field})")
        self.reason = reason
        self.field = field


class Table:
    """An open CSV file. Rows are dictionaries of stripped texts; missing columns read as ""."""

    def __init__(self, file: TextIO, columns: Sequence[str], required: Sequence[str]) -> None:
        self._reader = csv.reader(file, delimiter=_delimiter(file))
        header = [name.strip().lower() for name in next(self._reader, [])]
        unknown = [name for name in header if name not in columns]
        if unknown:
            raise BadInput("unknown_column", f"columns not known: {', '.join(unknown)[:200]}")
        if len(set(header)) != len(header):
            raise BadInput("duplicate_column", "a column occurs twice")
        if required and not any(name in header for name in required):
            raise BadInput("missing_column", f"no column {' or '.join(required)}")
        self.header = header
        self._columns = columns

    def __iter__(self) -> Iterator[tuple[int, list[str], dict[str, str]]]:
        """(line number, fields as they are, fields by column); empty lines are passed over."""
        try:
            for fields in self._reader:
                if any(field.strip() for field in fields):
                    values = dict.fromkeys(self._columns, "")
                    pairs = zip(self.header, fields, strict=False)
                    values.update((name, field.strip()) for name, field in pairs)
                    yield self._reader.line_num, fields, values
        except csv.Error as error:
            raise BadInput("bad_csv", f"line {self._reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            line = self._reader.line_num + 1
            raise BadInput("not_utf8", f"after line {line}: the file is not UTF-8") from None


def check_fields(header: Sequence[str], fields: Sequence[str]) -> None:
    """`BadRow` for a wrong number of fields, an overlong one or a control character."""
    if len(fields) != len(header):
        raise BadRow("field_count", f"{len(fields)} of {len(header)}")
    for name, field in zip(header, fields, strict=True):
        if len(field) > MAX_FIELD:
            raise BadRow("too_long", name)
        if "\x00" in field:
            raise BadRow("control_character", name)


def _delimiter(file: TextIO) -> str:
    try:
        first = file.readline(100_000)
    except UnicodeDecodeError:
        raise BadInput("not_utf8", "the file is not UTF-8") from None
    if not first.strip():
        raise BadInput("empty_file", "the file is empty")
    file.seek(0)
    return ";" if first.count(";") > first.count(",") else ","


@contextmanager
def open_table(path: Path, columns: Sequence[str], required: Sequence[str] = ()) -> Iterator[Table]:
    """The table in a file, or `BadInput`: `no_such_file`, `not_utf8`, `unknown_column`, …"""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadInput("no_such_file", f"{path}: {error.strerror}") from None
    with file:
        try:
            yield Table(file, columns, required)
        except UnicodeDecodeError:
            raise BadInput("not_utf8", f"{path} is not UTF-8") from None


class Rejects:
    """Rows that were not taken, with line and reason, in `FILE.errors.csv`; no file when none."""

    def __init__(self, source: Path, header: Sequence[str]) -> None:
        self.path = source.with_name(source.name + ".errors.csv")
        self._header = header
        self._file: TextIO | None = None
        self._writer: Any = None
        self.count = 0
        with suppress(OSError):
            self.path.unlink()

    def add(self, line: int, fields: Sequence[str], error: BadRow) -> None:
        """Write one row down; spreadsheet formulas are disarmed by a leading apostrophe."""
        if self._file is None:
            try:
                self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            except OSError as failure:
                raise CentralError(f"cannot write {self.path}: {failure.strerror}") from None
            self._writer = csv.writer(self._file, delimiter=";")
            self._writer.writerow(["line", "reason", "field", *self._header])
        safe = [f"'{field}" if field[:1] in "=@\t\r" else field for field in fields]
        self._writer.writerow([line, error.reason, error.field, *safe])
        self.count += 1

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


def parse_hundredths(text: str, field: str) -> int:
    """Hundredths of a decimal with dot or comma: "12,5" → 1250; blanks between digits are let
    pass, more than two decimals and signs are not."""
    plain = text.translate(_BLANKS)
    if not _DECIMAL.fullmatch(plain):
        raise BadRow("bad_number", field)
    whole, _, rest = plain.replace(",", ".").partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def parse_list(text: str, field: str, *, most: int = 50) -> list[str]:
    """Parts between `|`, each once, in order."""
    parts = list(dict.fromkeys(part.strip() for part in text.split("|") if part.strip()))
    if len(parts) > most or any(len(part) > 100 for part in parts):
        raise BadRow("too_long", field)
    return parts
