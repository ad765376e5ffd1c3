"""What the drivers build is what the worked frames show, byte for byte."""

import pytest

from drivers.fiscal.atol import commands as atol
from drivers.fiscal.atol import frame as atol_frame
from drivers.fiscal.atol import tasks
from drivers.fiscal.isl.frame_x import encode_request as encode_x
from drivers.fiscal.isl_bg.dialects import Daisy, DatecsP, DatecsX
from drivers.fiscal.maria import commands as maria
from drivers.fiscal.maria import frame as maria_frame
from drivers.fiscal.printer_text import CP866, encode, printable
from drivers.fiscal.shtrih import commands as shtrih
from drivers.fiscal.shtrih import frame as shtrih_frame
from tests.support.frame_families import FAMILIES

PASSWORD = bytes((30, 0, 0, 0))
SHTRIH = {
    "short status 10h pw30": (0x10, b""),
    "print string 17h": (0x17, shtrih.line_body("Бонус: 12.50")),
    "open sale 8Dh": (0x8D, b"\0"),
    "sale 80h 1.000*25.00": (0x80, shtrih.sale_body(1000, 2500, 1, 0, "Кава")),
    "close 85h": (0x85, shtrih.close_body((2500, 0, 0, 0))),
    "cancel 88h": (0x88, b""),
    "continue B0h": (0xB0, b""),
}
ALPHABET = "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯабвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
SIGNS = "’ʼ«»—–№€₴−…"


@pytest.mark.parametrize("name", SHTRIH)
def test_shtrih(name):
    cmd, body = SHTRIH[name]
    assert shtrih_frame.encode(cmd, PASSWORD + body) == FAMILIES["shtrih"].frames()[name]


def test_atol():
    frames = FAMILIES["atol"].frames()
    line = b"\0\0\x4c" + atol.line("Бонус: 12.50", 40)
    made = atol_frame.encode(0x0C, tasks.add(3, line))
    assert made == frames['Add tid 3, 4Ch "Бонус: 12.50"']
    assert atol_frame.encode(0x0B, tasks.acknowledge(2)) == frames["Ack tid 2"]
    assert atol_frame.encode(0x08, tasks.ask(2)) == frames["G16 ATOL v3 Req tid2"]
    made = atol_frame.encode(0x0D, tasks.add(4, b"\0\0" + bytes((atol.Cmd.STATE,))))
    assert made == frames["Add tid 4, status 3Fh"]


def test_maria():
    frames = FAMILIES["maria_crc"].frames()
    for text in ("UPAS1111111111Касир1", "CONF", "CANC", "PREP1"):
        assert maria_frame.encode(maria.payload(text), crc=True) == frames[f"{text} with CRC"]
    assert maria_frame.crc16(b"ABC") == 0x59E3


def test_datecs_x():
    frames = FAMILIES["isl_x"].frames()
    text = DatecsX().text_data("Бонус: 12.50")
    assert encode_x(0x23, 42, text) == frames["X 42 text + 6 TAB"]
    assert encode_x(0x22, 38) == frames["X 38 open non-fiscal"]
    assert encode_x(0x27, 76, DatecsX().transaction_data()) == frames["X 76 transaction state"]


def test_datecs_p_and_daisy_write_a_discount_each_in_its_own_way():
    assert DatecsP().discount_data(1000) == b"10;-10.00"
    assert Daisy().discount_data(1000) == b"10$-10.00"
    assert DatecsP().qr_data("https://l.ua/a1") == b"QC;https://l.ua/a1"


@pytest.mark.parametrize(("page", "missing"), [("cp1251", ""), (CP866, "ІіҐґ")])
def test_every_ukrainian_letter_comes_back_or_has_its_fixed_substitute(page, missing):
    substitutes = {"І": "I", "і": "i", "Ґ": "Г", "ґ": "г"}
    expected = "".join(substitutes[c] if c in missing else c for c in ALPHABET)
    assert encode(ALPHABET, page).decode(page) == expected
    assert "?" not in printable(SIGNS + ALPHABET, page)
    assert "*" not in printable(SIGNS + ALPHABET, page)
