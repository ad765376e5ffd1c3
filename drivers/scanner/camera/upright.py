"""Bar codes that OpenCV finds, each turned upright and enlarged for zxing-cpp.

OpenCV finds bars at any angle and down to a point and a half a module; zxing-cpp reads rows and
columns alone, but makes no EAN out of clutter. What both read of one place is two opinions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.scanner.camera.readers import (
    Gray,
    Prepared,
    from_opencv,
    read_zxing,
    zxing_formats,
)
from drivers.scanner.camera.symbology import SYMBOLOGIES
from drivers.scanner.camera.votes import Reading

MAX_PLACES = 3
MARGIN = 0.15
ENLARGED = 3.0
MIN_SIDE, MAX_SIDE = 300, 900
_BARS = zxing_formats(
    ("ean13", "ean8", "upca", "code128", "code93", "code39", "codabar", "itf", "databar")
)


def read_found(picture: Prepared, detector: Any, kinds: tuple[str, ...]) -> list[Reading]:
    """Readings of both, of the wanted kinds.

    OpenCV calls an EAN-13 that begins with 0 a UPC-A, and any clutter too: such a one counts only
    where zxing-cpp reads it at the same place. Where zxing-cpp reads bars of another kind, wanted
    or not, OpenCV's number is made up."""
    try:
        _found, texts, types, corners = detector.detectAndDecodeWithType(picture.pixels)
    except cv2.error:
        return []
    readings: list[Reading] = []
    for place, quad in enumerate(corners[:MAX_PLACES] if corners is not None else ()):
        text, kind = (texts[place], types[place]) if place < len(texts or ()) else ("", "")
        second = _second(picture, quad)
        if any(SYMBOLOGIES[each.symbology].proof != "gtin" for each in second):
            text = ""
        if kind == "UPC_A" and text.zfill(13) in {each.text.zfill(13) for each in second}:
            text, kind = text.zfill(13), "EAN_13"
        first = from_opencv(picture, text, kind, quad)
        readings += [first] if first else []
        readings += [each for each in second if each.symbology in kinds]
    return readings


def _second(picture: Prepared, quad: NDArray[np.float32]) -> list[Reading]:
    """What zxing-cpp reads there, in points of the frame; never enough alone."""
    upright = Prepared(_upright(picture.pixels, quad), "upright", is_turned=True)
    box = _box(picture, quad)
    return [
        replace(each, box=box, is_sure=False)
        for each in read_zxing(upright, _BARS, is_dark_only=True)
    ]


def _upright(pixels: Gray, quad: NDArray[np.float32]) -> Gray:
    """The place with some of its surroundings, its longer side level."""
    (middle_x, middle_y), (width, height), angle = cv2.minAreaRect(quad.astype(np.float32))
    if width < height:
        width, height, angle = height, width, angle - 90
    scale = min(max(ENLARGED, MIN_SIDE / max(width, 1)), MAX_SIDE / max(width, 1))
    wide = max(8, round(width * (1 + 2 * MARGIN) * scale))
    high = max(8, round(height * (1 + 2 * MARGIN) * scale))
    turn = cv2.getRotationMatrix2D((middle_x, middle_y), angle, scale)
    turn[0, 2] += wide / 2 - middle_x
    turn[1, 2] += high / 2 - middle_y
    made = cv2.warpAffine(
        pixels, turn, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(Gray, made)


def _box(picture: Prepared, quad: NDArray[np.float32]) -> tuple[int, int, int, int]:
    xs, ys = quad[:, 0], quad[:, 1]
    return picture.box(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
