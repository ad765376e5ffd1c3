"""One receipt through pyshtrih, a client that nobody here wrote; run as a program of its own.

`python pyshtrih_client.py PORT` sells two lines, prints a text, closes, and writes what the printer
said as JSON; with `exchange` behind it, it asks a printer with a fiscal storage what waits to be
sent.
"""

from __future__ import annotations

import json
import sys

import pyshtrih


def main(port: str) -> None:
    """Discover, ask, sell, close, report."""
    found = pyshtrih.discovery(port=port, baudrate=115_200)
    device = found[0]
    device.connect()
    before = device.full_state()["Сквозной номер текущего документа"]
    device.open_check(0)
    device.sale(("Кава в зернах", 2_000, 12_550), tax1=1)
    device.sale(("Хлiб", 1_000, 3_000), tax1=2)
    device.discount(1_000)
    device.print_string("Дякуємо")
    closed = device.close_check(cash=30_000)
    after = device.full_state()["Сквозной номер текущего документа"]
    mode = device.state()["Режим ФР"]
    print(
        json.dumps(
            {
                "class": type(device).__name__,
                "name": device.name,
                "change": closed["Сдача"],
                "documents": after - before,
                "mode": mode.state,
                "sales": device.request_operational_register(148)["Содержимое регистра"],
                "cash": device.request_monetary_register(193)["Содержимое регистра"],
            }
        )
    )
    device.disconnect()


def exchange(port: str) -> None:
    """FF39h, as pyshtrih reads it."""
    device = pyshtrih.ShtrihOnLine(port=port, baudrate=115_200)
    device.connect()
    told = device.fs_info_exchange()
    print(
        json.dumps(
            {
                "waiting": told["Количество сообщений для ОФД"],
                "number": told["Номер документа для ОФД первого в очереди"],
                "made": told["Дата и время документа для ОФД первого в очереди"].isoformat(),
            }
        )
    )
    device.disconnect()


if __name__ == "__main__":
    exchange(sys.argv[1]) if sys.argv[2:] == ["exchange"] else main(sys.argv[1])
