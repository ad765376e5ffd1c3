"""Documents and a journal to check drivers with."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.base import PrintJob
from loyalty.basket import Tender
from loyalty.receipt import ReceiptDocument, ReceiptItem, ReceiptText


class MemoryJournal:
    """A `DeviceJournal` that lives as long as the object: what a process that is killed keeps."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.puts = 0

    def get(self, key: str) -> str | None:
        """Last value put under `key`."""
        return self.values.get(key)

    def put(self, key: str, value: str) -> None:
        """Store `value`."""
        self.values[key] = value
        self.puts += 1


def sample_item(
    number: int = 1, price_minor: int = 4550, qty_milli: int = 2000, discount_minor: int = 0
) -> ReceiptItem:
    """A line whose sum is price times quantity."""
    return ReceiptItem(
        sku=f"sku-{number}",
        name=f"Ґречаний хліб «Їжак» № {number}",
        qty_milli=qty_milli,
        unit="шт",
        unit_price_minor=price_minor,
        sum_minor=(price_minor * qty_milli + 500) // 1000,
        discount_minor=discount_minor,
        tax_group="А" if number % 2 else "Б",
    )


def sample_document(
    items: Sequence[ReceiptItem], tenders: Sequence[Tender] | None = None, **changes: object
) -> ReceiptDocument:
    """A sale of these items, paid exactly by card unless told otherwise."""
    payable = sum(item.sum_minor - item.discount_minor for item in items)
    fields: dict[str, object] = {
        "kind": "sale",
        "sale_id": "7b0c4d8e-5f0a-4a57-9d0e-0e6f5a3f0001",
        "store_name": "Магазин",
        "register_id": "till-1",
        "cashier": "Олена",
        "printed_at": "2026-11-22T10:00:00+02:00",
        "items": tuple(items),
        "tenders": tuple(tenders) if tenders is not None else (Tender("card", payable),),
        "payable_minor": payable,
        **changes,
    }
    return ReceiptDocument(**fields)  # type: ignore[arg-type]


def sample_job(
    job_id: str = "job-1", lines: int = 3, text: ReceiptText | None = None, **changes: object
) -> PrintJob:
    """A job of `lines` lines; `changes` go into the document."""
    items = [sample_item(number, discount_minor=50 * number) for number in range(1, lines + 1)]
    document = sample_document(items, **changes)  # type: ignore[arg-type]
    return PrintJob(job_id, document, text or ReceiptText(("Ваш баланс: 312,00 балів",)))
