"""The bytes that pass the tap: all of them, in order, whatever the pieces; ours before the cut."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.emulators.escpos.device import EscPosConfig, EscPosDevice
from drivers.receipt.commands import CommandReader
from drivers.tap.advice import Addition
from drivers.tap.fiscal_guard import looks_fiscal
from drivers.tap.stream import TapStream

DATA = Path(__file__).parents[2] / "data" / "escpos"


def captured(name):
    text = (DATA / name).read_text(encoding="utf-8")
    return bytes.fromhex("".join(text.splitlines()[1:]))


NODE = captured("node-thermal-printer-4.6.1.hex")
PICTURE = b"\x1b@\x1dv0\x00\x02\x00\x03\x00\x1dV\x00\x1dV\x00" + b"\x1dV\x00"
POS = (
    b"\x1b@\x1bt\x11"
    + "Хліб 32,00\nСУМА    1 157,50 грн\n".replace("і", "i").encode("cp866")
    + b"\x1ba\x01\x1b!\x10\x1bt\x10\x1bd\x04\x1dVB\x00"
)
ADDED = Addition(("Ваш баланс: 345,50 — ґречно",), "https://l.ua/a1")
# Frames of reference: ISL 74 and 90, Shtrih-M short status and ENQ, MARIA PREP1, ATOL Ack.
FISCAL = [
    bytes.fromhex("01 24 20 4A 05 30 30 39 33 03"),
    bytes.fromhex("02 05 10 1E 00 00 00 0B"),
    b"\x05",
    bytes.fromhex("FD 50 52 45 50 31 06 FE"),
    bytes.fromhex("FE 02 00 0B C2 02 C2"),
]


def tap(addition=None, **options):
    totals = []
    stream = TapStream(totals.append, lambda: addition or Addition(), **options)
    return stream, totals


def through(stream, data, sizes):
    out, at, turn = b"", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        out += stream.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    return out + stream.flush()


def paper(data):
    device = EscPosDevice(EscPosConfig())
    for command in CommandReader().feed(data):
        device.run(command)
    return device.documents()


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30), data=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_without_anything_to_add_not_a_bit_changes(sizes, data):
    for receipt in (NODE, PICTURE, POS, data, POS + data):
        stream, _ = tap()
        assert through(stream, receipt, sizes) == receipt


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_with_lines_to_add_the_receipt_s_own_bytes_stay(sizes):
    stream, totals = tap(ADDED)
    out = through(stream, POS, sizes)
    cut = POS.index(b"\x1dVB\x00")
    assert out.startswith(POS[:cut])
    assert out.endswith(POS[cut:])
    assert totals == [115_750]
    assert stream.added == 1


def test_the_lines_stand_before_the_cut_and_the_printer_is_as_it_was():
    stream, _ = tap(ADDED)
    out = stream.feed(POS)
    (slip,) = paper(out)
    assert [line.strip() for line in slip.lines()[-2:]] == [
        "[QR https://l.ua/a1]",
        "",
    ]
    assert "Ваш баланс: 345,50 - гречно" in slip.lines()
    inserted = out[POS.index(b"\x1dVB\x00") :]
    restored = inserted[inserted.index(b"\x1bd\x04") + 3 :]
    assert restored.startswith(b"\x1ba\x01\x1b!\x10\x1d!\x00\x1bE\x00\x1dB\x00\x1bt\x10\x1dVB\x00")


def test_npm_s_receipt_gets_our_lines():
    stream, totals = tap(ADDED)
    (slip,) = paper(through(stream, NODE, [7]))
    assert totals == [12_550]
    assert "Ваш баланс: 345,50 - гречно" in slip.lines()
    assert "[QR https://loyalty.example/m/42]" in slip.lines()


@pytest.mark.parametrize(
    ("line", "total"),
    [
        ("СУМА 157,50", 15_750),
        ("Разом до сплати: 1 234 567.05 грн", 123_456_705),
        ("TOTAL         9.90", 990),
        ("ВСЬОГО= 0,01", 1),
        ("Сумарний настрій 5,00", None),
        ("СУМА", None),
        ("СУМА 12", None),
    ],
)
def test_totals_that_are_read(line, total):
    stream, totals = tap()
    stream.feed(b"\x1b@\x1bt\x2e" + line.encode("cp1251") + b"\n")
    assert totals == ([total] if total is not None else [])


@pytest.mark.parametrize("frame", FISCAL, ids=lambda frame: frame.hex())
@pytest.mark.parametrize("piece", [1, 3, 64])
def test_a_fiscal_stream_is_never_touched(frame, piece):
    assert looks_fiscal(frame)
    stream, totals = tap(ADDED)
    whole = frame * 3 + POS
    assert through(stream, whole, [piece]) == whole
    assert (stream.is_blind, stream.added, totals) == (True, 0, [])


def test_a_printer_that_answers_in_frames_makes_the_wire_blind():
    stream, _ = tap(ADDED)
    stream.saw_fiscal = True
    assert through(stream, POS, [5]) == POS


def test_a_picture_has_no_text_and_gets_nothing():
    stream, totals = tap(ADDED)
    assert through(stream, PICTURE, [3]) == PICTURE
    assert totals == []


def test_two_receipts_do_not_share_a_total():
    stream, _ = tap(ADDED)
    first = stream.feed(POS)
    second = stream.feed(b"\x1b@text\n\x1dV\x00")
    assert len(first) > len(POS)
    assert second == b"\x1b@text\n\x1dV\x00"
