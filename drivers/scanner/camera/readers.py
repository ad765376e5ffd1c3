"""The three decoders behind one form: a grey picture in, readings in pixels of the frame out.

zxing-cpp reads everything; zbar (in its own process) is the better of the two on soft EAN; OpenCV
reads soft EAN-13 at any angle, but makes EAN-8 and UPC-A out of anything, so it is asked for EAN-13
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from drivers.scanner.camera.symbology import SYMBOLOGIES, has_gtin_check
from drivers.scanner.camera.votes import Reading
from drivers.scanner.camera.zbar_link import ZbarLink

Gray = NDArray[np.uint8]
MAX_TEXT = 4096
_UNKNOWN_BOX = (0, 0, 0, 0)
_NAME_OF_ZXING = {
    **{each.zxing: each.name for each in SYMBOLOGIES.values()},
    # zxing-cpp answers with the kind or with one of its variants.
    **dict.fromkeys(("QRCode", "QRCodeModel1"), "qr"),
    **dict.fromkeys(("Code39Std", "Code39Ext", "Code32", "PZN"), "code39"),
    **dict.fromkeys(("AztecCode", "AztecRune"), "aztec"),
    **dict.fromkeys(("CompactPDF417", "MicroPDF417"), "pdf417"),
    **dict.fromkeys(("DataBar", "DataBarStk", "DataBarStkOmni", "DataBarLtd"), "databar"),
    **dict.fromkeys(("DataBarExpStk",), "databarexpanded"),
    "ITF14": "itf",
    "ISBN": "ean13",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture made from a frame: `scale` is its size over the frame's; `is_turned` says that its
    coordinates are not the frame's. `name` is that of the preparation."""

    pixels: Gray
    name: str
    scale: float = 1.0
    is_turned: bool = False

    def box(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[int, int, int, int]:
        """The box in pixels of the frame, unknown when the picture was turned."""
        if self.is_turned:
            return _UNKNOWN_BOX
        k = self.scale
        return (int(left / k), int(top / k), int(right / k), int(bottom / k))


def zxing_formats(kinds: tuple[str, ...]) -> Any:
    """zxing-cpp's own names of the kinds; ever an explicit list, never "all"."""
    return [getattr(zxingcpp.BarcodeFormat, SYMBOLOGIES[kind].zxing) for kind in kinds]


def read_zxing(
    picture: Prepared,
    formats: Any,
    is_fast: bool = False,
    is_global: bool = False,
    is_dark_only: bool = False,
) -> list[Reading]:
    """zxing-cpp; `is_fast` leaves out turned, shrunk and inverted looks, `is_dark_only` the
    inverted one, which doubles the time; `is_global` takes one threshold for the whole picture
    instead of local ones."""
    if not formats:
        return []
    binarizer = zxingcpp.Binarizer
    found = zxingcpp.read_barcodes(
        picture.pixels,
        formats=formats,
        try_rotate=not is_fast,
        try_downscale=not is_fast,
        try_invert=not is_fast and not is_dark_only,
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=binarizer.GlobalHistogram if is_global else binarizer.LocalAverage,
    )
    way = f"zxing:{picture.name}" + (":global" if is_global else "")
    return [reading for code in found if (reading := _from_zxing(picture, code, way)) is not None]


def _from_zxing(picture: Prepared, code: Any, way: str) -> Reading | None:
    kind = _NAME_OF_ZXING.get(code.format.name, "")
    if not kind or not 0 < len(code.text) <= MAX_TEXT:
        return None
    at = code.position
    xs = (at.top_left.x, at.top_right.x, at.bottom_left.x, at.bottom_right.x)
    ys = (at.top_left.y, at.top_right.y, at.bottom_left.y, at.bottom_right.y)
    box = picture.box(min(xs), min(ys), max(xs), max(ys))
    is_sure = SYMBOLOGIES[kind].proof in ("repaired", "checked")
    return Reading(kind, code.text, code.symbology_identifier, way, box, is_sure)


def read_zbar(picture: Prepared, kinds: tuple[str, ...], zbar: ZbarLink | None) -> list[Reading]:
    """zbar; a UPC-A comes as the EAN-13 that it is."""
    if zbar is None:
        return []
    height, width = picture.pixels.shape
    readings = []
    for kind, text, *corners in zbar.read(picture.pixels.tobytes(), width, height, kinds):
        if not 0 < len(text) <= MAX_TEXT:
            continue
        box = picture.box(*corners)
        readings.append(Reading(kind, text, SYMBOLOGIES[kind].aim, f"zbar:{picture.name}", box))
    return readings


def from_opencv(
    picture: Prepared, text: str, kind: str, quad: NDArray[np.float32]
) -> Reading | None:
    """What OpenCV read at a place, if it is an EAN-13 by its kind and its check digit."""
    if kind != "EAN_13" or len(text) != 13 or not has_gtin_check(text):
        return None
    xs, ys = quad[:, 0], quad[:, 1]
    box = picture.box(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
    return Reading("ean13", text, "]E0", f"opencv:{picture.name}", box)
