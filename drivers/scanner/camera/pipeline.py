"""From frames to believed codes: a plain look at each, and one rung of the ladder where it fails.

The plain look is zxing-cpp on the retail kinds, dark on light: light on dark, which costs as much
again, is left to the rungs. After a code was read, its surroundings are looked at first; the whole
frame is still looked at every second time, so that another code is not missed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

from drivers.scanner.camera.readers import Gray, Prepared, read_zxing, zxing_formats
from drivers.scanner.camera.rungs import Frame, ladder
from drivers.scanner.camera.symbology import PLAIN_FORMATS, SYMBOLOGIES
from drivers.scanner.camera.votes import Reading, Votes
from drivers.scanner.camera.zbar_link import ZbarLink

LOOK_FURTHER = 4
NEAR_S = 1.0
LUCKY_S = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame gave: `read` is every reading, `believed` those that the votes let through;
    `rung` names the extra look, "" when there was none."""

    read: tuple[Reading, ...]
    believed: tuple[Reading, ...]
    rung: str = ""


class Pipeline:
    """Decodes the frames of one camera. `kinds` are names of `symbology.SYMBOLOGIES`."""

    def __init__(self, kinds: tuple[str, ...], zbar: ZbarLink | None) -> None:
        self._plain = zxing_formats(tuple(kind for kind in kinds if kind in PLAIN_FORMATS))
        self._numbers = zxing_formats(
            tuple(k for k in kinds if k in PLAIN_FORMATS and SYMBOLOGIES[k].proof == "gtin")
        )
        self._rungs = ladder(kinds, zbar)
        self._next_rung = 0
        self._lucky = -1
        self._lucky_until_s = 0.0
        self._votes = Votes()
        self._near = (0, 0, 0, 0)
        self._near_until_s = 0.0
        self._looks = 0

    def look(self, pixels: Gray, now_s: float, with_rung: bool = True) -> Look:
        """Decode one grey frame; `with_rung` allows the extra look when the plain one fails."""
        self._looks += 1
        if (near := self._look_near(pixels, now_s)) is not None:
            return near
        frame = Frame(pixels)
        read = self._confirmed(frame, read_zxing(frame.plain, self._plain, is_dark_only=True))
        is_read = any(reading.is_sure for reading in read)
        if not with_rung or (is_read and self._looks % LOOK_FURTHER):
            return self._judged(read, pixels, now_s, "")
        place = self._choose_rung(now_s)
        further = self._rungs[place].look(frame)
        if further and not is_read:
            self._lucky, self._lucky_until_s = place, now_s + LUCKY_S
        return self._judged([*read, *further], pixels, now_s, self._rungs[place].name)

    def restart(self) -> None:
        """Begin anew: another scene."""
        self._votes.clear()
        self._next_rung, self._lucky, self._near_until_s = 0, -1, 0.0

    def _confirmed(self, frame: Frame, read: list[Reading]) -> list[Reading]:
        """An EAN is sure when zxing-cpp's strict look reads it as well: of 747 pictures with an EAN
        or UPC-A the plain look alone took five wrong values, both together one."""
        if not any(SYMBOLOGIES[each.symbology].proof == "gtin" for each in read):
            return read
        strict = {each.text for each in read_zxing(frame.plain, self._numbers, is_fast=True)}
        return [
            replace(each, is_sure=each.text in strict)
            if SYMBOLOGIES[each.symbology].proof == "gtin"
            else each
            for each in read
        ]

    def _choose_rung(self, now_s: float) -> int:
        """In turn; every second time the one that has just read something, to see it again."""
        if self._lucky >= 0 and now_s < self._lucky_until_s and self._looks % 2:
            return self._lucky
        place = self._next_rung
        self._next_rung = (place + 1) % len(self._rungs)
        return place

    def _look_near(self, pixels: Gray, now_s: float) -> Look | None:
        if now_s >= self._near_until_s or self._looks % 2:
            return None
        left, top, right, bottom = self._near
        part = Prepared(pixels[top:bottom, left:right], "plain")
        read = [
            replace(each, box=_moved(each.box, left, top), is_sure=True)
            for each in read_zxing(part, self._plain, is_fast=True)
        ]
        return self._judged(read, pixels, now_s, "") if read else None

    def _judged(self, read: list[Reading], pixels: Gray, now_s: float, rung: str) -> Look:
        number = zlib.adler32(pixels[::7, ::5].tobytes()) if read else 0
        believed = []
        for reading in read:
            judged = self._votes.add(reading, number, now_s)
            if judged is not None:
                believed.append(judged)
        if believed and not rung:
            self._near = _around(believed[0].box, pixels.shape)
            if self._near != (0, 0, 0, 0):
                self._near_until_s = now_s + NEAR_S
        return Look(tuple(read), tuple(believed), rung)


def _moved(box: tuple[int, int, int, int], left: int, top: int) -> tuple[int, int, int, int]:
    return (box[0] + left, box[1] + top, box[2] + left, box[3] + top)


def _around(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The box and 30 % more on each side, or nothing when it is not known."""
    if box[2] <= box[0] or box[3] < box[1]:
        return (0, 0, 0, 0)
    margin = max(24, (box[2] - box[0]) * 3 // 10, (box[3] - box[1]) * 3 // 10)
    return (
        max(0, box[0] - margin),
        max(0, box[1] - margin),
        min(shape[1], box[2] + margin),
        min(shape[0], box[3] + margin),
    )
