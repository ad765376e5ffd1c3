"""Codes on a phone's screen as a camera sees them at 1280 × 720, spoilt in one way, by seed.

A seed chooses the member's number, where the phone is held, the way of a movement, the place of
glare and the noise of each frame. Sizes are points of the frame with the quiet zone; blur is a
Gaussian's sigma, motion a length, both in points; glare 1 burns the middle of a spot out; gain 1
is as it is; noise is a sigma in grey levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from drivers.scanner.camera.readers import Gray
from loyalty.codes import STATIC_QR_CHARACTERS, gtin_check_digit, make_static_qr

Kind = Literal["qr", "ean13"]
Light = NDArray[np.float32]
WIDTH, HEIGHT = 1280, 720
FINER = 4
"""Scenes are drawn so many times finer than the frame and then averaged down."""
BLACK, WHITE, BEZEL, COUNTER = 15, 235, 20, 100
QUIET_QR = 4
QUIET_EAN = 9
SENSOR_NOISE = 2.0
_LEFT_ODD = (
    *("0001101", "0011001", "0010011", "0111101", "0100011"),
    *("0110001", "0101111", "0111011", "0110111", "0001011"),
)
_PARITY = (
    *("OOOOOO", "OOEOEE", "OOEEOE", "OOEEEO", "OEOOEE"),
    *("OEEOOE", "OEEEOO", "OEOEOE", "OEOEEO", "OEEOEO"),
)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """How a frame is spoilt; the defaults spoil nothing."""

    size: int = 260
    turned: int = 0
    blur: float = 0.0
    motion: int = 0
    glare: float = 0.0
    gain: float = 1.0
    noise: float = 0.0


class Screen:
    """One phone with one code before the camera."""

    def __init__(self, kind: Kind, spoilt: Spoilt, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._spoilt = spoilt
        self.text = self._number(kind)
        self._scene = self._seen(_qr(self.text) if kind == "qr" else _ean13(self.text))

    def frame(self) -> Gray:
        """The next frame: the same scene with the noise of this moment."""
        sigma = math.hypot(SENSOR_NOISE, self._spoilt.noise)
        noise = self._chance.normal(0.0, sigma, self._scene.shape).astype(np.float32)
        return _grey(self._scene + noise)

    def _number(self, kind: Kind) -> str:
        if kind == "qr":
            return make_static_qr(int(self._chance.integers(0, 32**STATIC_QR_CHARACTERS)))
        body = "042" + "".join(str(digit) for digit in self._chance.integers(0, 10, 9))
        return body + gtin_check_digit(body)

    def _seen(self, modules: Light) -> Light:
        """The code on its phone on the counter, through the lens and the light."""
        spoilt = self._spoilt
        turned = _turned(_phone(modules, spoilt.size * FINER), spoilt.turned)
        patch = cv2.resize(
            turned, None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        rows, columns = patch.shape
        top = int(self._chance.integers(0, max(1, HEIGHT - rows + 1)))
        left = int(self._chance.integers(0, max(1, WIDTH - columns + 1)))
        scene = np.full((HEIGHT, WIDTH), COUNTER, np.float32)
        scene += np.linspace(-15, 15, WIDTH, dtype=np.float32)
        shown = patch[: HEIGHT - top, : WIDTH - left]
        part = scene[top : top + shown.shape[0], left : left + shown.shape[1]]
        np.copyto(part, shown, where=shown >= 0)
        middle = (top + rows / 2, left + columns / 2)
        return self._lit(scene, middle)

    def _lit(self, scene: Light, middle: tuple[float, float]) -> Light:
        spoilt = self._spoilt
        if spoilt.glare:
            scene = scene + self._spot(middle)
        if spoilt.motion > 1:
            scene = cv2.filter2D(scene, -1, self._streak(spoilt.motion))
        if spoilt.blur:
            scene = cv2.GaussianBlur(scene, (0, 0), spoilt.blur)
        return cast(Light, np.clip(scene * np.float32(spoilt.gain), 0, 255))

    def _spot(self, middle: tuple[float, float]) -> Light:
        """A smooth spot of light a quarter of the code wide to each side."""
        size = self._spoilt.size
        aside = self._chance.uniform(-size / 4, size / 4, 2)
        down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        far = np.hypot(down - (middle[0] + aside[0]), across - (middle[1] + aside[1]))
        return cast(Light, 255 * self._spoilt.glare * np.clip(1 - far / (size / 4), 0, 1))

    def _streak(self, length: int) -> Light:
        """The path of a movement in a random direction."""
        angle = self._chance.uniform(0, math.pi)
        side = length | 1
        path = np.zeros((side, side), np.float32)
        for step in np.linspace(-(length - 1) / 2, (length - 1) / 2, length * 8):
            row, column = side // 2 + step * math.sin(angle), side // 2 + step * math.cos(angle)
            path[round(row), round(column)] += 1
        return cast(Light, path / path.sum())


def _grey(scene: Light) -> Gray:
    return cast(Gray, np.clip(np.rint(scene), 0, 255).astype(np.uint8))


def _qr(text: str) -> Light:
    code = segno.make(text, error="m", micro=False, boost_error=False)
    dark = np.array([list(row) for row in code.matrix_iter(border=QUIET_QR)], dtype=bool)
    return cast(Light, np.where(dark, BLACK, WHITE).astype(np.float32))


def _ean13(digits: str) -> Light:
    """Ninety-five modules (ISO/IEC 15420) with quiet zones, half as high as wide."""
    left = "".join(
        _odd(digit) if parity == "O" else _right(digit)[::-1]
        for digit, parity in zip(digits[1:7], _PARITY[int(digits[0])], strict=True)
    )
    right = "".join(_right(digit) for digit in digits[7:])
    quiet = "0" * QUIET_EAN
    bars = np.array([bar == "1" for bar in f"{quiet}101{left}01010{right}101{quiet}"])
    row = np.where(bars, BLACK, WHITE).astype(np.float32)
    return cast(Light, np.tile(row, (len(row) // 2, 1)))


def _odd(digit: str) -> str:
    return _LEFT_ODD[int(digit)]


def _right(digit: str) -> str:
    return _odd(digit).translate(str.maketrans("01", "10"))


def _phone(modules: Light, size: int) -> Light:
    """A lit screen with the code and the phone's dark rim, `size` points across the code."""
    scale = size / modules.shape[1]
    code = cv2.resize(modules, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    rows, columns = code.shape
    rim, light = 5 * FINER, 10 * FINER
    phone = np.full((rows + 2 * (rim + light), columns + 2 * (rim + light)), BEZEL, np.float32)
    phone[rim:-rim, rim:-rim] = WHITE
    phone[rim + light : -rim - light, rim + light : -rim - light] = code
    return cast(Light, phone)


def _turned(phone: Light, degrees: int) -> Light:
    """Turned about its middle; what is outside it is marked by −1000, far below any grey."""
    rows, columns = phone.shape
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    wide, high = math.ceil(rows * sin + columns * cos), math.ceil(rows * cos + columns * sin)
    turn[0, 2] += (wide - columns) / 2
    turn[1, 2] += (high - rows) / 2
    return cast(
        Light,
        cv2.warpAffine(phone, turn, (wide, high), flags=cv2.INTER_LINEAR, borderValue=(-1000.0,)),
    )
