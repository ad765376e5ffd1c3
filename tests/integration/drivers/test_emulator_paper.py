"""The paper as pictures: the right size, and a QR that an independent reader reads back."""

import io

import pytest
from PIL import Image

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.paper import Document, Row
from drivers.emulators.paper_png import WIDTH, render_png
from loyalty.receipt import ReceiptText


def picture(document):
    return Image.open(io.BytesIO(render_png(document)))


def decode_codes(image):
    pytest.importorskip("pyzbar", reason="pyzbar is not installed (extra camera)")
    try:
        from pyzbar.pyzbar import decode
    except ImportError:
        pytest.skip("libzbar0 is not installed on this machine")
    return [code.data.decode() for code in decode(image)]


def test_a_printed_qr_is_read_back_from_the_picture(tmp_path):
    with emulated_printer(tmp_path) as bench:
        printer = bench.open()
        text = ReceiptText((), ("Ваш купон",), "https://l.ua/c/7K3Q9X2M4P?t=81726354")
        assert printer.print_receipt(sample_job(text=text), MemoryJournal()).verdict == "printed"
        printer.close()
        receipt, slip = bench.emulator.documents()
    assert decode_codes(picture(slip)) == ["https://l.ua/c/7K3Q9X2M4P?t=81726354"]
    assert decode_codes(picture(receipt)) == []


@pytest.mark.parametrize("size", [1, 20, 80, 140, 200])
def test_codes_of_every_size_are_read_back(size):
    payload = ("https://l.ua/" + "A7" * 100)[:size]
    assert decode_codes(picture(Document("nonfiscal", rows=[Row("qr", payload)]))) == [payload]


def test_every_kind_of_row_leaves_ink_and_the_picture_is_80_mm_wide():
    blank = picture(Document("sale", rows=[Row("space")])).convert("L")
    kinds = ("title", "band", "center", "small", "text", "item", "pair", "total", "rule", "qr")
    for kind in kinds:
        image = picture(Document("sale", rows=[Row("space"), Row(kind, "Ґанок", "12,50")]))
        assert image.width == WIDTH == 576
        assert image.height > blank.height
        darkest, _lightest = image.convert("L").getextrema()
        assert darkest < 130, kind


def test_ukrainian_letters_have_glyphs_of_their_own():
    seen = {}
    for letter in "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯґєії№«»×₴":
        data = picture(Document("sale", rows=[Row("text", letter)])).tobytes()
        assert data not in seen, f"{letter} looks like {seen.get(data)}"
        seen[data] = letter
