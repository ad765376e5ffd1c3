"""Ways to look at a frame that the plain look could not read; one of them a frame, in turn.

The order is by what each adds on pictures of real cameras, soft EAN first. Each works on at most
768 pixels, where a soft picture reads better than at full size and time is bounded; but small bars
at an angle are found at full size alone, which every second turn of one rung is for. Median, gamma,
morphology and blur were measured and help nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import cv2
import numpy as np

from drivers.scanner.camera.readers import (
    Gray,
    Prepared,
    read_zbar,
    read_zxing,
    zxing_formats,
)
from drivers.scanner.camera.symbology import PLAIN_FORMATS
from drivers.scanner.camera.upright import read_found
from drivers.scanner.camera.votes import Reading
from drivers.scanner.camera.zbar_link import ZbarLink

MAX_SIDE = 768
MAX_ENLARGED = 1280
MAX_TURNED = 720
MAX_SHRUNK = 640


class Frame:
    """One grey frame and what is made of it, each preparation at most once."""

    def __init__(self, pixels: Gray) -> None:
        self.pixels = pixels

    @cached_property
    def plain(self) -> Prepared:
        """As it came."""
        return Prepared(self.pixels, "plain")

    @cached_property
    def fitted(self) -> Prepared:
        """Shrunk to 768 pixels where it is larger."""
        return _resized(self.pixels, "fit", MAX_SIDE, 1.0)

    @cached_property
    def clahe(self) -> Prepared:
        """Contrast evened out tile by tile."""
        return _made(self.fitted, "clahe", cv2.createCLAHE(3.0, (8, 8)).apply(self.fitted.pixels))

    @cached_property
    def sharpened(self) -> Prepared:
        """Edges made steeper."""
        return _made(self.fitted, "sharp", _unsharp(self.fitted.pixels))

    @cached_property
    def enlarged(self) -> Prepared:
        """Twice the size (at most 1280 pixels) and sharpened: for small modules."""
        larger = _resized(self.pixels, "large", MAX_ENLARGED, 2.0)
        return _made(larger, "large", _unsharp(larger.pixels))

    @cached_property
    def thresholded(self) -> Prepared:
        """Black and white by the mean of each point's surroundings."""
        pixels = cv2.adaptiveThreshold(
            self.fitted.pixels, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 31, 5
        )
        return _made(self.fitted, "threshold", pixels)

    @cached_property
    def shrunk(self) -> Prepared:
        """Shrunk to 640 pixels and evened out: blur shrinks with it."""
        small = _resized(self.pixels, "640", MAX_SHRUNK, 1.0)
        return _made(small, "640", cv2.createCLAHE(3.0, (8, 8)).apply(small.pixels))

    @cached_property
    def two_toned(self) -> Prepared:
        """Black and white by one threshold for the whole picture."""
        _level, pixels = cv2.threshold(self.fitted.pixels, 0, 255, cv2.THRESH_OTSU)
        return _made(self.fitted, "otsu", pixels)

    def turned(self, degrees: int) -> Prepared:
        """Turned about its middle, white around: decoders of bars look along rows and columns."""
        small = _resized(self.pixels, "small", MAX_TURNED, 1.0).pixels
        height, width = small.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
        new_width, new_height = int(height * sin + width * cos), int(height * cos + width * sin)
        turn[0, 2] += (new_width - width) / 2
        turn[1, 2] += (new_height - height) / 2
        pixels = cv2.warpAffine(small, turn, (new_width, new_height), borderValue=(255,))
        return Prepared(cast(Gray, pixels), f"turned{degrees}", is_turned=True)


def _resized(pixels: Gray, name: str, max_side: int, most: float) -> Prepared:
    scale = min(most, max_side / max(pixels.shape))
    if scale == 1.0:
        return Prepared(pixels, name)
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    made = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how)
    return Prepared(cast(Gray, made), name, scale)


def _made(source: Prepared, name: str, pixels: Any) -> Prepared:
    return Prepared(cast(Gray, pixels), name, source.scale)


def _unsharp(pixels: Gray) -> Gray:
    soft = cv2.GaussianBlur(pixels, (0, 0), 2.0)
    return cast(Gray, cv2.addWeighted(pixels, 2.5, soft, -1.5, 0.0).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Rung:
    """One extra way to look."""

    name: str
    look: Callable[[Frame], list[Reading]]


def ladder(kinds: tuple[str, ...], zbar: ZbarLink | None) -> list[Rung]:
    """The rungs for these kinds of codes, in the order they are taken."""
    everything = zxing_formats(kinds)
    rare = zxing_formats(tuple(kind for kind in kinds if kind not in PLAIN_FORMATS))
    detector = cv2.barcode.BarcodeDetector() if "ean13" in kinds else None

    turn = itertools.cycle((False, True))

    def found(picture: Prepared) -> list[Reading]:
        return read_found(picture, detector, kinds) if detector is not None else []

    def whole(frame: Frame) -> list[Reading]:
        # One way of looking by name: what OpenCV alone sees needs every one of its rungs.
        plain, sharp = (replace(each, name="whole") for each in (frame.plain, frame.sharpened))
        if max(frame.pixels.shape) <= MAX_SIDE:
            return [*found(plain), *found(sharp)]
        return found(sharp if next(turn) else plain)

    def last(frame: Frame) -> list[Reading]:
        return [
            *read_zbar(frame.thresholded, kinds, zbar),
            *read_zxing(frame.two_toned, rare),
        ]

    rungs = [
        Rung("zbar:clahe", lambda f: read_zbar(f.clahe, kinds, zbar)),
        Rung("opencv:clahe", lambda f: found(f.clahe)),
        Rung("zxing:clahe", lambda f: read_zxing(f.clahe, everything)),
        Rung("zxing:large", lambda f: read_zxing(f.enlarged, everything)),
        Rung("opencv:640", lambda f: found(f.shrunk)),
        Rung("opencv:whole", whole),
        Rung("zbar:turned45", lambda f: read_zbar(f.turned(45), kinds, zbar)),
        Rung("zbar:640", lambda f: read_zbar(f.shrunk, kinds, zbar)),
        Rung("zbar:threshold", last),
    ]
    if rare:
        rungs.insert(0, Rung("zxing:rare", lambda f: read_zxing(f.plain, rare)))
    return rungs
