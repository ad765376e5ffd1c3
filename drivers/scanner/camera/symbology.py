"""Kinds of bar codes the camera knows, by the names used in settings.

`proof` says how far one reading is to be trusted: "repaired" codes carry Reed-Solomon words and
are never read wrong in practice, "checked" codes carry a check over the whole text, "gtin" codes
have one digit modulo 10, so that one in ten wrong readings passes, "weak" codes have nothing.
AIM identifiers are those of ISO/IEC 15424.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Proof = Literal["repaired", "checked", "gtin", "weak"]


@dataclass(frozen=True, slots=True)
class Symbology:
    """One kind of code: its AIM identifier, and its names in the decoders ("" where unknown)."""

    name: str
    aim: str
    proof: Proof
    zxing: str
    zbar: str = ""


_KNOWN = (
    Symbology("ean13", "]E0", "gtin", "EAN13", "EAN13"),
    Symbology("ean8", "]E4", "gtin", "EAN8", "EAN8"),
    Symbology("upca", "]E0", "gtin", "UPCA", "UPCA"),
    Symbology("upce", "]E0", "gtin", "UPCE", "UPCE"),
    Symbology("code128", "]C0", "checked", "Code128", "CODE128"),
    Symbology("code93", "]G0", "checked", "Code93", "CODE93"),
    Symbology("code39", "]A0", "weak", "Code39", "CODE39"),
    Symbology("codabar", "]F0", "weak", "Codabar", "CODABAR"),
    Symbology("itf", "]I0", "weak", "ITF", "I25"),
    Symbology("databar", "]e0", "checked", "DataBarOmni", "DATABAR"),
    Symbology("databarexpanded", "]e0", "checked", "DataBarExp", "DATABAR_EXP"),
    Symbology("qr", "]Q1", "repaired", "QRCodeModel2", "QRCODE"),
    Symbology("microqr", "]Q1", "repaired", "MicroQRCode"),
    Symbology("datamatrix", "]d1", "repaired", "DataMatrix"),
    Symbology("pdf417", "]L0", "repaired", "PDF417"),
    Symbology("aztec", "]z0", "repaired", "Aztec"),
    Symbology("maxicode", "]U0", "repaired", "MaxiCode"),
)
SYMBOLOGIES: Mapping[str, Symbology] = MappingProxyType({each.name: each for each in _KNOWN})

PLAIN_FORMATS = ("ean13", "ean8", "upca", "code128", "qr")
"""Looked for in every frame: with these alone a 720p frame costs a third of all formats."""

DEFAULT_FORMATS = PLAIN_FORMATS

_OTHER_NAMES = MappingProxyType(
    {
        "qrcode": "qr",
        "qrcodemodel2": "qr",
        "microqrcode": "microqr",
        "azteccode": "aztec",
        "interleaved2of5": "itf",
        "i25": "itf",
        "gtin13": "ean13",
        "jan13": "ean13",
        "gs1128": "code128",
        "ean128": "code128",
        "rss14": "databar",
        "databaromni": "databar",
        "rssexpanded": "databarexpanded",
        "databarexp": "databarexpanded",
    }
)


def symbology_named(name: str) -> Symbology | None:
    """The kind of that name, however it is written ("EAN-13", "QR Code"), or `None`."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return SYMBOLOGIES.get(_OTHER_NAMES.get(plain, plain))


def has_gtin_check(digits: str) -> bool:
    """Whether the last digit is right: modulo 10, weights 3 and 1 from the right."""
    if not digits.isascii() or not digits.isdecimal() or len(digits) not in (8, 12, 13):
        return False
    weighted = sum(
        int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))
    )
    return weighted % 10 == 0


def same_code_key(symbology: str, text: str) -> tuple[str, str]:
    """What two readings of one printed code have in common.

    A UPC-A is an EAN-13 with a leading zero, and decoders differ in which of the two they say."""
    if symbology in ("ean13", "upca") and text.isdecimal():
        return "gtin", text.zfill(13)
    return symbology, text
