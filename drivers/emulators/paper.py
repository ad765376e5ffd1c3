"""What a printer has put on paper: rows of a slip, and the slip as text 42 columns wide."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

COLUMNS = 42

RowKind = Literal[
    "title", "band", "center", "small", "text", "item", "pair", "total", "rule", "space", "qr"
]
DocumentKind = Literal["sale", "return", "nonfiscal", "x_report", "z_report", "cash_in", "cash_out"]
DocumentState = Literal["open", "closed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `right` is set against the right edge. A `qr` row keeps its payload in `left`."""

    kind: RowKind
    left: str = ""
    right: str = ""


@dataclass(slots=True)
class SoldItem:
    """A line as the printer counted it. Kopecks; `correction_minor` < 0 is a discount."""

    plu: int
    name: str
    tax_group: str
    qty_milli: int
    price_minor: int
    sum_minor: int
    correction_minor: int
    barcode: str = ""
    uktzed: str = ""
    excise_stamp: str = ""

    @property
    def net_minor(self) -> int:
        return self.sum_minor + self.correction_minor


@dataclass(slots=True)
class Document:
    """A slip, from its first row on. Numbers are 0 until it is closed."""

    kind: DocumentKind
    state: DocumentState = "open"
    number: int = 0
    fiscal_number: str = ""
    printed_number: int = 0
    at: str = ""
    cashier: str = ""
    items: list[SoldItem] = field(default_factory=list)
    discount_minor: int = 0
    total_minor: int = 0
    payments: list[tuple[str, int]] = field(default_factory=list)
    rounding_minor: int = 0
    change_minor: int = 0
    taxes: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @property
    def is_fiscal(self) -> bool:
        """A sale or a return."""
        return self.kind in ("sale", "return")

    def text(self) -> str:
        """The slip as lines of at most 42 characters."""
        return "\n".join(line for row in self.rows for line in row_lines(row)) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Everything but the rows, with the text lines instead."""
        fields = asdict(self)
        del fields["rows"]
        for item, sold in zip(fields["items"], self.items, strict=True):
            item["net_minor"] = sold.net_minor
        fields["lines"] = self.text().splitlines()
        fields["qr"] = [row.left for row in self.rows if row.kind == "qr"]
        return fields

    def to_state(self) -> dict[str, Any]:
        """Everything, for the state file; written after every command, so kept cheap."""
        state = {name: getattr(self, name) for name in self.__slots__}
        state["items"] = [asdict(item) for item in self.items]
        state["rows"] = [(row.kind, row.left, row.right) for row in self.rows]
        return state


def document_from_state(fields: dict[str, Any]) -> Document:
    """Read back what `to_state` wrote."""
    known = dict(fields)
    known["items"] = [SoldItem(**item) for item in fields["items"]]
    known["payments"] = [(mode, amount) for mode, amount in fields["payments"]]
    known["rows"] = [Row(*row) for row in fields["rows"]]
    return Document(**known)


def row_lines(row: Row, columns: int = COLUMNS) -> list[str]:
    """A row as text."""
    if row.kind == "rule":
        return ["-" * columns]
    if row.kind == "space":
        return [""]
    if row.kind == "qr":
        return [f"[QR {row.left}]"]
    if row.kind in ("title", "band", "center", "small"):
        return [part.center(columns).rstrip() for part in _split(row.left, columns)]
    if not row.right:
        return _split(row.left, columns)
    room = columns - len(row.right) - 1
    *above, last = _split(row.left, room)
    return [*above, f"{last}{row.right.rjust(columns - len(last))}".rstrip()]


def _split(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, max(len(text), 1), max(width, 1))]


def money(amount_minor: int) -> str:
    """1234550 → "12 345,50"."""
    sign = "-" if amount_minor < 0 else ""
    whole = f"{abs(amount_minor) // 100:,}".replace(",", " ")
    return f"{sign}{whole},{abs(amount_minor) % 100:02d}"


def quantity(qty_milli: int) -> str:
    """2000 → "2,000"."""
    return f"{qty_milli // 1000},{qty_milli % 1000:03d}"
