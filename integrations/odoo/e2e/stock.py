"""Odoo's till as it comes, without the add-on, beside a register with a reader and a printer.

`python -m integrations.odoo.e2e.stock`: a good's bar code, read by the register's serial reader
(emulated, on a pseudo-terminal), goes by the hardware proxy into Odoo's order; a member's card does
not; the receipt that Odoo draws comes out of the register's ESC/POS printer (emulated, on TCP) as
a picture. The order and the picture are kept in `bench/out/odoo`. Exit 1 when it did not go so.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from drivers.conformance.emulated_receipts import EmulatedSlipBench, emulated_receipts
from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.wire import open_endpoint
from integrations.odoo.e2e.bench import ODOO_PORT, OUT, PATIENT_MS, TillPage, until
from integrations.odoo.e2e.opened import opened_stock_till
from tests.support.rig import CARD, Rig

MILK_CODE, BREAD_CODE = "4820000000017", "4820000000024"


def main() -> int:
    """One sale, by the register's reader and on the register's printer."""
    with (
        tempfile.TemporaryDirectory(prefix="odoo-stock-") as folder,
        emulated_receipts(Path(folder), "tcp") as printer,
    ):
        reader = ScannerEmulator("reader", open_endpoint(str(Path(folder) / "reader")))
        rig = Rig(Path(folder) / "till")
        with rig.config.open("a", encoding="utf-8") as settings:
            settings.write(
                f'[scanner]\ndriver = "scanner.serial"\nurl = "{reader.url}"\n'
                f'[printer]\ndriver = "receipt.escpos"\nurl = "{printer.emulator.url}"\n'
                f'[hw_proxy]\nport = 0\norigins = ["http://127.0.0.1:{ODOO_PORT}"]\n'
            )
        rig.start()
        try:
            assert rig.agent is not None
            rig.agent.start_devices()
            assert rig.agent.hw_proxy is not None
            with opened_stock_till(f"127.0.0.1:{rig.agent.hw_proxy.port}") as till:
                _sell(till, reader, printer)
            rig.agent.stop_devices()
        finally:
            rig.stop()
            reader.close()
    print("stock Odoo: two goods scanned in, no member, one receipt out as a picture")
    return 0


def _sell(till: TillPage, reader: ScannerEmulator, printer: EmulatedSlipBench) -> None:
    page = till.page
    page.wait_for_function(
        "() => posmodel.hardwareProxy.connectionInfo.status === 'connected'", timeout=PATIENT_MS
    )
    reader.send(f"scan {MILK_CODE}")
    expect(page.locator(".orderline", has_text="Молоко")).to_be_visible(timeout=PATIENT_MS)
    reader.send(f"scan {CARD}; scan {BREAD_CODE}")
    expect(page.locator(".orderline", has_text="Хліб")).to_be_visible(timeout=PATIENT_MS)
    expect(page.locator(".orderline")).to_have_count(2)
    assert page.locator("button.loyalty-edge").count() == 0
    page.screenshot(path=str(OUT / "stock_scanned.png"))
    till.to_payment()
    assert round(till.total() * 100) == 7_340
    till.pay()
    slip = until("the receipt on paper", lambda: printer.papers() and printer.papers()[-1])
    (OUT / "stock_receipt.png").write_bytes(slip.png())
    assert printer.slips() == 1, printer.slips()
    assert all(line.startswith("[picture") for line in slip.lines()), slip.lines()


if __name__ == "__main__":
    sys.exit(main())
