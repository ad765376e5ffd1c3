"""What is programmed into the emulated printer before it is ever used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TAX_RATES: Final[Mapping[str, int]] = {
    "А": 2000,
    "Б": 700,
    "В": 0,
    "Г": 1400,
    "Д": 0,
    "М": 2000,
    "Н": 0,
}
"""VAT in basis points by tax letter, contained in the price."""

PAYMENT_NAMES: Final[Mapping[str, str]] = {
    "P": "ГОТІВКА",
    "N": "БОНУСИ",
    "C": "СЕРТИФІКАТ",
    "D": "КАРТКА",
}


@dataclass(frozen=True, slots=True)
class RegisterConfig:
    """Identity, header and habits of one printer.

    `cash_rounding` is the step in kopecks (0, 10, 50) to which the firmware rounds a cash payment;
    `cancel_after_payment` says whether 57 is still taken once a payment has been accepted;
    `has_storage` whether a fiscal storage tells how far it is with sending (Shtrih-M, ATOL)."""

    model: str = "FP-700"
    serial_number: str = "ПБ40012345"
    fiscal_number: str = "3000012345"
    tax_number: str = "123456789012"
    store_name: str = "Магазин «Приклад»"
    address: str = "м. Київ, вул. Прикладна, 1"
    operator_password: str = "0000"
    cash_rounding: int = 50
    cancel_after_payment: bool = False
    article_capacity: int = 20_000
    has_storage: bool = True
    tax_rates: Mapping[str, int] = field(default_factory=lambda: TAX_RATES)
    payment_names: Mapping[str, str] = field(default_factory=lambda: PAYMENT_NAMES)
