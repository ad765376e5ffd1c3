"""Past receipts from files: JSON lines as `export sales` writes them, plain or packed with gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, get_args

from pydantic import ValidationError

from central.errors import BadInput
from loyalty.basket import Basket, LineItem, TenderKind, check_basket
from loyalty.errors import InvalidBasket
from loyalty.member import Member
from loyalty.promotions.circumstances import Circumstances
from sync.contract.messages import MAX_FACT_BYTES, WireLine, WireSale

CHUNK_LINES = 200
_PIECE = 64 * 1024
_TENDERS = frozenset(get_args(TenderKind))


class BrokenLine(Exception):
    """A line that is no receipt; the text says why in a few words."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive lines of a file: number of the first, the lines, bytes read of all files."""

    file: str
    first: int
    lines: tuple[bytes, ...]
    bytes_read: int


@dataclass(frozen=True, slots=True)
class PastReceipt:
    """A sale as it was, ready to be priced again."""

    sale: WireSale
    basket: Basket
    at: datetime
    member: Member | None
    redeem_points: int
    around: Circumstances


def chunks(files: Sequence[Path]) -> Iterator[Chunk]:
    """All lines of all files. Raises `BadInput` for a file that cannot be read."""
    done = 0
    for path in files:
        first = 1
        try:
            with path.open("rb") as raw:
                lines: list[bytes] = []
                for line in _lines(raw, path.suffix == ".gz"):
                    lines.append(line)
                    if len(lines) == CHUNK_LINES:
                        yield Chunk(str(path), first, tuple(lines), done + raw.tell())
                        first += len(lines)
                        lines = []
                yield Chunk(str(path), first, tuple(lines), done + raw.tell())
                done += raw.tell()
        except (OSError, EOFError, zlib.error) as error:
            raise BadInput("no_such_file", f"{path}: {error}") from None


def total_bytes(files: Sequence[Path]) -> int:
    """Sum of the files' sizes, for the progress bar."""
    try:
        return sum(path.stat().st_size for path in files)
    except OSError as error:
        raise BadInput("no_such_file", f"{error.filename}: {error.strerror}") from None


def _lines(raw: IO[bytes], is_packed: bool) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long, the beginning."""
    stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if is_packed else raw  # type: ignore[assignment]
    while line := stream.readline(MAX_FACT_BYTES + 1):
        rest = line
        while rest and not rest.endswith(b"\n") and len(line) > MAX_FACT_BYTES:
            rest = stream.readline(_PIECE)
        yield line.rstrip(b"\r\n") if len(line) <= MAX_FACT_BYTES else line


def read_receipt(line: bytes) -> PastReceipt:
    """A line as a past receipt; raises `BrokenLine`.

    Of the member only the id is known, and the points that were redeemed: what the facts do not
    tell (tier, groups, segments, birthday, coupons) no rule finds here."""
    if len(line) > MAX_FACT_BYTES:
        raise BrokenLine(f"longer than {MAX_FACT_BYTES} bytes")
    try:
        sale = WireSale.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BrokenLine(f"{field or 'line'}: {first['msg']}"[:200]) from None
    try:
        at = datetime.fromisoformat(sale.occurred_at)
        basket = check_basket(Basket(tuple(map(_item, sale.lines))))
    except InvalidBasket as error:
        raise BrokenLine(f"{error.code}: {error}"[:200]) from None
    except ValueError:
        raise BrokenLine("occurred_at: not an instant") from None
    if at.tzinfo is None:
        raise BrokenLine("occurred_at: no offset from UTC")
    redeemed = sale.redemption.points if sale.redemption else 0
    return PastReceipt(sale, basket, at, _member(sale, redeemed), redeemed, _around(sale))


def _item(line: WireLine) -> LineItem:
    return LineItem(
        line_id=line.line_id,
        sku=line.sku,
        name=line.name,
        qty_milli=line.qty_milli,
        unit_price_minor=line.unit_price_minor,
        sum_minor=line.sum_minor,
        barcode=line.barcode,
        unit=line.unit,
        price_kind=line.price_kind,  # type: ignore[arg-type]
        tax_group=line.tax_group,
        uktzed=line.uktzed,
        goods_class=line.goods_class,  # type: ignore[arg-type]
        min_price_minor=line.min_price_minor,
        groups=tuple(line.groups),
        tags=tuple(line.tags),
        brand=line.brand,
    )


def _member(sale: WireSale, redeemed: int) -> Member | None:
    if sale.member_id is None:
        return None
    return Member(sale.member_id, "", balance_points=redeemed)


def _around(sale: WireSale) -> Circumstances:
    kinds = frozenset(tender.kind for tender in sale.tenders) & _TENDERS
    gift = sum(tender.amount_minor for tender in sale.tenders if tender.kind == "gift_card")
    return Circumstances(
        register_id=sale.register_id,
        channel=sale.channel,
        codes=frozenset(sale.codes),
        tender_kinds=kinds,  # type: ignore[arg-type]
        gift_card_minor=gift,
    )
