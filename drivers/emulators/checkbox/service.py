"""The emulated service behind the HTTP: shifts, receipts by id, offline numbers. Kopecks."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from drivers.emulators.checkbox.refused import Refused
from drivers.emulators.checkbox.shifts import ShiftBook
from drivers.emulators.paper import SoldItem
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.register.refusals import Refusal
from loyalty.money import line_sum

GROUPS: Final = "АБВГДМН"
MEANS: Final = {"Готівка": "P", "Картка": "D", "Сертифікат": "C"}
MAX_CODES: Final = 2_000


class CheckboxService(RegisterDevice):
    """One cash register at the service; safe to use from several threads."""

    def __init__(self, config: RegisterConfig | None = None, folder: Path | None = None) -> None:
        super().__init__(config, folder)
        self.lock = threading.RLock()
        self._receipts: dict[str, dict[str, Any]] = {}
        self._issued: list[str] = []
        self._unused: set[str] = set()
        self._last_offline = ""
        self._offline_since = ""
        self._shifts = ShiftBook(self._till)

    @property
    def shift_open(self) -> bool:
        """A shift is open."""
        return self._shifts.current() is not None

    def open_shift(self, body: Any) -> dict[str, Any]:
        """POST /shifts."""
        return self._shifts.open(str(body.get("id", "")))

    def close_shift(self, _body: Any) -> dict[str, Any]:
        """POST /shifts/close: the Z report."""
        return self._shifts.close()

    def shift(self) -> dict[str, Any] | None:
        """GET /cashier/shift."""
        return self._shifts.current()

    def shift_by_id(self, shift_id: str) -> dict[str, Any]:
        """GET /shifts/ID."""
        return self._shifts.find(shift_id)

    def newest_shift(self) -> dict[str, Any]:
        """GET /shifts, newest first, one."""
        newest = self._shifts.newest()
        return {"results": [newest] if newest else []}

    def x_report(self, _body: Any) -> dict[str, Any]:
        """POST /reports."""
        return self._shifts.x_report()

    def service_receipt(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /receipts/service: cash into or out of the drawer."""
        receipt_id, value = str(body.get("id", "")), body.get("payment", {}).get("value")
        if len(receipt_id) != 36 or not isinstance(value, int) or not value:
            raise Refused(422, "validation", "id and a value are needed")
        if receipt_id in self._receipts:
            raise Refused(400, "receipt.already_exists", "this id is known")
        self._shifts.move_cash(value)
        self._receipts[receipt_id] = {"id": receipt_id, "status": "DONE", "fiscal_code": ""}
        return self._receipts[receipt_id]

    def register(self) -> dict[str, Any]:
        """GET /cash-registers/info."""
        number = self._core.config.fiscal_number
        return {"id": f"register-{number}", "fiscal_number": number}

    def codes(self, count: int) -> list[dict[str, str]]:
        """Numbers for offline receipts; the unused ones are told again."""
        while len(self._unused) < min(count, MAX_CODES):
            code = f"OFF-{len(self._issued) + 1:07d}"
            self._issued.append(code)
            self._unused.add(code)
        return [{"fiscal_code": code} for code in self._issued if code in self._unused]

    def go_offline(self, body: dict[str, Any]) -> dict[str, Any]:
        """The register says since when it had no link."""
        self._offline_since = str(body.get("go_offline_date", ""))
        return {"status": "ok"}

    def go_online(self, _body: Any) -> dict[str, Any]:
        """The register is back."""
        self._offline_since = ""
        return {"status": "ok"}

    def receipt(self, receipt_id: str) -> dict[str, Any]:
        """GET /receipts/ID."""
        if receipt_id not in self._receipts:
            raise Refused(404, "receipt.not_found", "no such receipt")
        return self._receipts[receipt_id]

    def sell(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /receipts/sell."""
        if not self.shift_open:
            raise Refused(400, "shift.not_opened", "the shift is not open")
        return self._add(body, f"CB-{len(self._receipts) + 1:07d}")

    def sell_offline(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /receipts/sell-offline: an issued number, once, in the order of time."""
        code, at = str(body.get("fiscal_code", "")), str(body.get("fiscal_date", ""))
        if str(body.get("id", "")) in self._receipts:
            raise Refused(400, "receipt.already_exists", "this id is known")
        if code not in self._unused:
            raise Refused(400, "offline.wrong_code", f"{code} was not issued or is used")
        if not self._offline_since or at < self._last_offline:
            raise Refused(400, "offline.wrong_date", "offline receipts come in their order")
        datetime.fromisoformat(at)
        found = self._add(body, code)
        self._unused.discard(code)
        self._last_offline = at
        return found

    def _add(self, body: dict[str, Any], fiscal_code: str) -> dict[str, Any]:
        receipt_id = str(body.get("id", ""))
        if len(receipt_id) != 36:
            raise Refused(422, "validation", "id must be a UUID")
        if receipt_id in self._receipts:
            raise Refused(400, "receipt.already_exists", "this id is known")
        try:
            self._print(body)
        except (Refusal, KeyError, TypeError, ValueError) as error:
            if self._core.slip is not None:
                self._till.cancel()
            raise Refused(422, "validation", f"the receipt does not add up: {error}") from None
        found = {
            "id": receipt_id,
            "status": "DONE",
            "fiscal_code": fiscal_code,
            "tax_url": f"https://cabinet.tax.gov.ua/cashregs/check?id={fiscal_code}",
        }
        self._receipts[receipt_id] = found
        return found

    def _print(self, body: dict[str, Any]) -> None:
        goods = body["goods"]
        kind = "return" if goods[0]["is_return"] else "sale"
        self._till.open("return" if kind == "return" else "sale", str(body["cashier_name"]))
        for line in goods:
            good, quantity = line["good"], int(line["quantity"])
            price = int(good["price"])
            group = GROUPS[int(good["tax"][0]) - 1]
            change = -_discounts(line.get("discounts", []))
            self._till.sell(
                SoldItem(0, good["name"], group, quantity, price, line_sum(price, quantity), change)
            )
        whole = _discounts(body.get("discounts", []))
        if whole:
            self._till.change_whole(-whole)
        for text in str(body.get("footer", "")).splitlines():
            self._till.text(text)
        if body.get("barcode"):
            self._till.code(str(body["barcode"]))
        # Cash comes last, because only cash gives change.
        payments = sorted(body["payments"], key=lambda payment: payment["type"] == "CASH")
        self._till.pay_all([(MEANS.get(p["label"], "N"), int(p["value"])) for p in payments])
        self._core.save()


def _discounts(found: list[dict[str, Any]]) -> int:
    """What they take off together."""
    sign = {"DISCOUNT": 1, "EXTRA_CHARGE": -1}
    return sum(sign[d["type"]] * int(d["value"]) for d in found if d["mode"] == "VALUE")
