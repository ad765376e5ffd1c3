"""A receipt that comes as a picture: JPEG or PNG to the dots of one printer, with its cut.

Odoo's till draws its receipt in the browser and sends it as JPEG, 512 dots wide and as long as it
has lines (its `base_printer.js`).
"""

from __future__ import annotations

import io
from typing import Final

from drivers.receipt.model import PrinterModel
from drivers.receipt.picture import raster
from drivers.receipt.slip_bytes import SlipBytes

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_SIDE: Final = 12_000
DARK_BELOW: Final = 128
START: Final = b"\x1b@"
CUT: Final = b"\x1bd\x04\x1dVB\x00"


def photo_bytes(picture: bytes, model: PrinterModel) -> SlipBytes:
    """Start, picture and cut; `ValueError` for what is no picture, too large, or for a printer
    that draws none."""
    from PIL import Image

    if not model.draws:
        raise ValueError(f"{model.name} prints no pictures")
    if not 0 < len(picture) <= MAX_BYTES:
        raise ValueError(f"a picture has at most {MAX_BYTES} bytes")
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as opened:
            if max(opened.size) > MAX_SIDE:
                raise ValueError(f"a picture has at most {MAX_SIDE} dots a side")
            grey = opened.convert("L")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"no picture: {error}") from error
    if grey.width != model.dots:
        height = max(1, grey.height * model.dots // grey.width)
        if height > MAX_SIDE:
            raise ValueError(f"a picture has at most {MAX_SIDE} dots a side")
        grey = grey.resize((model.dots, height))
    dots = grey.point(lambda level: 255 if level >= DARK_BELOW else 0).convert("1")
    return SlipBytes(START + raster(dots) + CUT, {})
