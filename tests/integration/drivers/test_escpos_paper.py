"""The paper of the emulated receipt printer: its codes read back, its pictures, its faults."""

import io
import json
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from pyzbar.pyzbar import decode

from drivers.conformance.emulated_receipts import emulated_receipts
from drivers.conformance.receipt_printer import slip_job
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.bench_file import BadBenchFile, device_entry
from drivers.emulators.control import ControlServer
from drivers.emulators.escpos.device import EscPosConfig, EscPosDevice
from drivers.emulators.fleet import Fleet
from drivers.receipt.commands import CommandReader
from drivers.receipt.model import printer_model
from drivers.receipt.slip_bytes import slip_bytes
from loyalty.receipt import ReceiptText, SlipRow
from receipt_templates import render_slip
from receipt_templates.samples import SAMPLES

PAYLOADS = [
    "LC1:7K3M9QX2ABD",
    "https://bonus.example.ua/r/4f1f6f3e-0000-4000-8000-000000000001",
    "LC2:" + "NCFOXN%TSMAHN-H3ZSUZK+.KO1BT00" * 4,
]
PAPERS = {
    "80 mm, own QR": ("TM-T20II", EscPosConfig()),
    "58 mm, drawn QR": ("POS-5890", EscPosConfig(32, 384, "chinese", is_chinese=True)),
    "58 mm, own QR": ("Sunmi-V2", EscPosConfig(32, 384, "cp866", is_chinese=True)),
    "80 mm, all drawn": ("TM-T88IV-SA", EscPosConfig(42, 512, "cp866")),
}


def printed(rows, model, config):
    device = EscPosDevice(config)
    for command in CommandReader().feed(slip_bytes(rows, printer_model(model)).data):
        device.run(command)
    (slip,) = device.documents()
    return slip


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_code_on_the_paper_is_read_back(paper, payload):
    rows = (SlipRow("text", "Ваш рахунок"), SlipRow("qr", payload), SlipRow("center", "Дякуємо!"))
    slip = printed(rows, *PAPERS[paper])
    with Image.open(io.BytesIO(slip.png())) as picture:
        assert picture.info["dpi"] == pytest.approx((203, 203), abs=0.5)
        assert [found.data.decode() for found in decode(picture)] == [payload]


@pytest.mark.parametrize("model", ["TM-T20II", "POS-5890", "TM-T88IV-SA"])
def test_a_designed_slip_is_nowhere_cut(model):
    """The printer wraps a line that is too long by itself; no line of ours may need that."""
    known = printer_model(model)
    rows = render_slip(SAMPLES["offline"], locale="uk", width=known.columns)
    pages = "epson" if model == "TM-T20II" else "chinese"
    slip = printed(rows, model, EscPosConfig(known.columns, known.dots, pages))
    if known.letters == "picture":
        assert slip.lines()[0].startswith("[picture 512x")
        return
    said = [line.strip() for line in slip.lines() if line.strip()]
    assert said[0] == "Магазин «Їжачок»"
    assert "Бонуси збережено" in said
    shown = [line for line in slip.lines() if not line.startswith("[")]
    assert len(shown) <= len(rows) + 1


def test_the_bench_shows_receipts_as_text_json_and_picture():
    fleet = Fleet()
    device = fleet.start(
        device_entry({"name": "r1", "kind": "receipt_printer", "tcp": "127.0.0.1:0"}, Path())
    )
    server = ControlServer(fleet)
    try:
        from drivers.registry import open_receipt_printer

        printer = open_receipt_printer("receipt.escpos", device.url, {})
        rows = render_slip(SAMPLES["sale"], locale="uk", width=48)
        job = sample_job("one", text=ReceiptText(slip=rows))
        assert printer.print_receipt(job, MemoryJournal()).verdict == "printed"
        printer.close()
        base = f"{server.url}/devices/r1"
        with urllib.request.urlopen(f"{base}/receipts") as answer:
            (slip,) = json.load(answer)
        assert slip["qr"] == [SAMPLES["sale"].qr]
        assert slip["state"] == "closed"
        with urllib.request.urlopen(f"{base}/paper") as answer:
            assert "Олена К." in answer.read().decode()
        with urllib.request.urlopen(f"{base}/receipts/1.png") as answer:
            assert Image.open(io.BytesIO(answer.read())).width == 660
    finally:
        server.close()
        fleet.close()


@pytest.mark.parametrize(
    "change", [{"columns": 5}, {"pages": "klingon"}, {"fiscal_number": "1"}, {"dots": 5}]
)
def test_a_bench_file_says_what_does_not_fit(change):
    entry = {"name": "r1", "kind": "receipt_printer", "tcp": "127.0.0.1:0", **change}
    with pytest.raises(BadBenchFile, match=next(iter(change))):
        device_entry(entry, Path())


def test_a_naive_driver_prints_twice_where_ours_does_not(tmp_path):
    """Send, wait for an answer, send again when none came: what peers do."""
    with emulated_receipts(tmp_path) as bench:
        data = slip_bytes((SlipRow("text", "Баланс 5"),), printer_model("TM-T20II")).data
        for _ in range(2):
            bench.emulator.send("drop_reply at ENDS")
            printer = bench.open()
            link = printer._ready()
            link.send(data)
            link.ask_end("status", b"0000")
            assert not link.await_end("status", b"0000").answered
            printer.close()
        assert bench.slips() == 2
        journal = MemoryJournal()
        for _ in range(2):
            bench.emulator.send("drop_reply at ENDS")
            printer = bench.open()
            assert printer.print_receipt(slip_job("once"), journal).verdict == "unknown"
            printer.close()
        assert bench.slips() == 3
