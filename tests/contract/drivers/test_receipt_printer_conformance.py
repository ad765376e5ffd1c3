"""The conformance suite for receipt printers on the emulated one."""

import pytest

from drivers.conformance.emulated_receipts import emulated_receipts
from drivers.conformance.receipt_printer import RECEIPT_PRINTER_CHECKS
from drivers.emulators.escpos.device import EscPosConfig

KINDS = {
    "epson-80": ("TM-T20II", EscPosConfig()),
    "chinese-58": ("POS-5890", EscPosConfig(32, 384, "chinese", is_chinese=True, has_cutter=False)),
    "only-866": ("TM-T88IV", EscPosConfig(42, 512, "cp866")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wire", ["tcp", "pty"])
@pytest.mark.parametrize("check", RECEIPT_PRINTER_CHECKS, ids=lambda check: check.__name__)
def test_the_driver_conforms(check, wire, kind, tmp_path):
    model, config = KINDS[kind]
    with emulated_receipts(tmp_path, wire, config, model=model) as bench:
        check(bench)
