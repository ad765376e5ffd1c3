"""The two ways in which the family puts a command into bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from drivers.fiscal.isl import frame, frame_x


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames are made and read."""

    encode_request: Callable[[int, int, bytes], bytes]
    encode_reply: Callable[[int, int, bytes, bytes], bytes]
    decoder: Callable[[], frame.FrameDecoder]


CLASSIC: Final = Framing(frame.encode_request, frame.encode_reply, frame.FrameDecoder)
EXTENDED: Final = Framing(frame_x.encode_request, frame_x.encode_reply, frame_x.decoder)
