"""What a camera is told: where the frames come from, and what to look for in them.

An address is one of
    device:0                            the first camera of the system
    device:/dev/v4l/by-id/usb-…         a camera by its name, which survives a replug (Linux)
    http://127.0.0.1:8080/camera.mjpg   an MJPEG stream
    folder:/srv/pictures                pictures by name, over and over
    video:/srv/film.avi                 a film, over and over
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal, cast
from urllib.parse import urlsplit

from drivers.errors import BadDeviceUrl
from drivers.registry import BadDriverOption, Options
from drivers.scanner.camera.symbology import DEFAULT_FORMATS, SYMBOLOGIES, symbology_named

PlaceKind = Literal["device", "http", "folder", "video"]
MAX_URL = 300
WHOLE_FRAME = "0,0,100,100"
_ROI = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})")
_BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"width": (160, 3840), "height": (120, 2160), "fps": (1, 60), "exposure": (0, 10_000)}
)

DEFAULTS: Options = MappingProxyType(
    {
        "formats": ",".join(DEFAULT_FORMATS),
        "roi": WHOLE_FRAME,
        "width": 1280,
        "height": 720,
        "fps": 15,
        "exposure": 0,
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where frames come from: `where` is an index, a path or a whole URL."""

    kind: PlaceKind
    where: str


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """A camera's settings, checked. `roi` is left, top, width, height in percent of the frame;
    `exposure` is in tenths of a millisecond, 0 leaves it to the camera."""

    place: Place
    formats: tuple[str, ...] = DEFAULT_FORMATS
    roi: tuple[int, int, int, int] = (0, 0, 100, 100)
    width: int = 1280
    height: int = 720
    fps: int = 15
    exposure: int = 0

    def to_json(self) -> str:
        """One line, for the child process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> CameraOptions:
        """What `to_json` wrote."""
        content = json.loads(line)
        return cls(
            place=Place(**content.pop("place")),
            formats=tuple(content.pop("formats")),
            roi=tuple(content.pop("roi")),
            **content,
        )


def camera_options(url: str, options: Options) -> CameraOptions:
    """Check an address and options; `BadDeviceUrl` or `BadDriverOption` names what is wrong."""
    given = {**DEFAULTS, **options}
    numbers = {name: _number(name, given[name]) for name in _BOUNDS}
    return CameraOptions(
        place=parse_place(url),
        formats=_formats(str(given["formats"])),
        roi=_roi(str(given["roi"])),
        **numbers,
    )


def parse_place(url: str) -> Place:
    """The place an address names, or `BadDeviceUrl`."""
    if not 0 < len(url) <= MAX_URL or not url.isprintable():
        raise BadDeviceUrl("bad_camera", f"a camera's address has 1 to {MAX_URL} characters")
    kind, _, where = url.partition(":")
    if kind in ("http", "https"):
        try:
            parts = urlsplit(url)
            is_good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            is_good = False
        if not is_good:
            raise BadDeviceUrl("bad_camera", f"{url!r} names no host")
        return Place("http", url)
    if kind not in ("device", "folder", "video") or not where:
        raise BadDeviceUrl(
            "bad_camera",
            f"{url!r} is no camera; write device:0, device:/dev/v4l/by-id/…, http://…/x.mjpg, "
            "folder:/path or video:/path",
        )
    return Place(cast(PlaceKind, kind), where)


def _number(name: str, value: object) -> int:
    least, most = _BOUNDS[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadDriverOption("bad_option", f"{name} must be {least} to {most}, not {value!r}")
    return value


def _formats(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [symbology_named(name) for name in names]
    for name, symbology in zip(names, known, strict=True):
        if symbology is None:
            raise BadDriverOption(
                "bad_option", f"formats: no kind of code {name!r}; known: {', '.join(SYMBOLOGIES)}"
            )
    if not known:
        raise BadDriverOption("bad_option", "formats must name at least one kind of code")
    return tuple(dict.fromkeys(each.name for each in known if each is not None))


def _roi(text: str) -> tuple[int, int, int, int]:
    match = _ROI.fullmatch(text.replace(" ", ""))
    left, top, width, height = (int(part) for part in match.groups()) if match else (0, 0, 0, 0)
    if not (width >= 5 and height >= 5 and left + width <= 100 and top + height <= 100):
        raise BadDriverOption(
            "bad_option",
            "roi must be LEFT,TOP,WIDTH,HEIGHT in percent of the frame, width and height at least "
            f"5, within 100; not {text!r}",
        )
    return (left, top, width, height)
