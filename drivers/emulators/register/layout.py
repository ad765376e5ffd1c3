"""What each event looks like on the emulated printer's paper."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.emulators.paper import Document, Row, SoldItem, money, quantity
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.counting import group_sums, total

TITLES = {
    "sale": "ФІСКАЛЬНИЙ ЧЕК",
    "return": "ВИДАТКОВИЙ ЧЕК",
}


def header(config: RegisterConfig) -> list[Row]:
    """Store, address and taxpayer number, on top of every slip."""
    return [
        Row("title", config.store_name),
        Row("center", config.address),
        Row("center", f"ПН {config.tax_number}"),
        Row("space"),
    ]


def opening(document: Document, till: str) -> list[Row]:
    """Who and where."""
    rows = [Row("pair", f"Касир: {document.cashier}", f"Каса {till}")]
    if document.kind == "return":
        rows.append(Row("band", "ПОВЕРНЕННЯ"))
    return [*rows, Row("rule")]


def slip_opening() -> list[Row]:
    """The mark of a slip that is no receipt."""
    return [Row("band", "СЛУЖБОВИЙ ЧЕК"), Row("space")]


def sold(item: SoldItem) -> list[Row]:
    """A line of goods."""
    rows = [Row("item", line) for line in item.name.split("\t")]
    sum_text = f"{money(item.sum_minor)} {item.tax_group}"
    rows.append(Row("pair", f"  {quantity(item.qty_milli)} × {money(item.price_minor)}", sum_text))
    if item.uktzed:
        rows.append(Row("pair", f"  УКТ ЗЕД {item.uktzed}"))
    if item.correction_minor < 0:
        rows.append(Row("pair", "  Знижка", f"{money(item.correction_minor)}  "))
    if item.correction_minor > 0:
        rows.append(Row("pair", "  Надбавка", f"{money(item.correction_minor)}  "))
    if item.excise_stamp:
        rows.append(Row("text", f"  Акцизна марка {item.excise_stamp}"))
    return rows


def whole_change(change_minor: int, percent: str) -> list[Row]:
    """A discount or surcharge on the whole receipt."""
    name = "Знижка на чек" if change_minor < 0 else "Надбавка на чек"
    label = f"{name} {percent}%" if percent else name
    return [Row("pair", label, f"{money(change_minor)}  ")]


def totals(document: Document, config: RegisterConfig) -> list[Row]:
    """The sum and the tax in it, printed with the first payment."""
    rows = [Row("rule"), Row("total", "СУМА", money(total(document)))]
    for group, turnover in group_sums(document).items():
        rate = config.tax_rates[group]
        if rate:
            name = f"ПДВ {group} {rate // 100},{rate % 100:02d}% від {money(turnover)}"
        else:
            name = f"Без ПДВ {group}, обіг {money(turnover)}"
        rows.append(Row("pair", name, money(document.taxes[group])))
    return rows


def payments(document: Document, config: RegisterConfig) -> list[Row]:
    """How it was paid, once all is paid."""
    rows = [Row("rule")]
    rows += [
        Row("pair", config.payment_names[mode], money(amount)) for mode, amount in document.payments
    ]
    if document.rounding_minor:
        rows.append(Row("pair", "Заокруглення", money(document.rounding_minor)))
        rows.append(Row("pair", "До сплати", money(total(document) + document.rounding_minor)))
    if document.change_minor:
        rows.append(Row("pair", "Решта", money(document.change_minor)))
    return rows


def ending(document: Document, config: RegisterConfig) -> list[Row]:
    """Numbers, date and the mark of what this is."""
    rows = [Row("rule")]
    rows.append(Row("pair", f"ЧЕК № {document.number:07d}", document.at))
    rows.append(Row("pair", f"ЗН {config.serial_number}", f"ФН {config.fiscal_number}"))
    if document.kind == "nonfiscal":
        rows.append(Row("band", "НЕ ФІСКАЛЬНИЙ"))
    else:
        rows.append(Row("title", TITLES[document.kind]))
    return [*rows, *_not_a_receipt()]


def cancelled(document: Document) -> list[Row]:
    """A receipt that came to nothing."""
    return [Row("rule"), Row("band", "ЧЕК АНУЛЬОВАНО"), Row("center", document.at)]


def cash_moved(document: Document, amount_minor: int, in_drawer_minor: int) -> list[Row]:
    """Cash put into or taken out of the drawer."""
    name = "СЛУЖБОВЕ ВНЕСЕННЯ" if amount_minor > 0 else "СЛУЖБОВА ВИДАЧА"
    return [
        Row("rule"),
        Row("total", name, money(abs(amount_minor))),
        Row("pair", "Готівка в касі", money(in_drawer_minor)),
        Row("rule"),
        Row("pair", f"ЧЕК № {document.printed_number:07d}", document.at),
        *_not_a_receipt(),
    ]


def report(title: str, lines: Iterable[tuple[str, str]], document: Document) -> list[Row]:
    """An X or Z report."""
    return [
        Row("rule"),
        Row("title", title),
        Row("rule"),
        *(Row("pair", left, right) for left, right in lines),
        Row("rule"),
        Row("pair", f"ДОКУМЕНТ № {document.printed_number:07d}", document.at),
        *_not_a_receipt(),
    ]


def _not_a_receipt() -> list[Row]:
    return [Row("small", "емулятор: не розрахунковий документ")]
