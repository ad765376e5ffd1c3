"""The task buffer of an ATOL printer: commands and states. Pure.

A task has an id (0..DFh) that lives in the device: adding the same id again answers "already
exists" instead of executing twice, and asking for it tells what became of it, also after the cable
was out. Source: three public drivers of protocol 3 that agree on these codes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

NEED_RESULT: Final = 0x01
LAST_TASK: Final = 0xDF


class Buffer(IntEnum):
    """Commands of the buffer."""

    ADD = 0xC1
    ACK = 0xC2
    ASK = 0xC3
    ABORT = 0xC4


class State(IntEnum):
    """First byte of an answer; from B1h on the buffer itself refuses."""

    PENDING = 0xA1
    IN_PROGRESS = 0xA2
    RESULT = 0xA3
    ERROR = 0xA4
    STOPPED = 0xA5
    ASYNC_RESULT = 0xA6
    ASYNC_ERROR = 0xA7
    WAITING = 0xA8
    OVERFLOW = 0xB1
    ALREADY_EXISTS = 0xB2
    NOT_FOUND = 0xB3
    ILLEGAL_VALUE = 0xB4


UNFINISHED: Final = frozenset({State.PENDING, State.IN_PROGRESS, State.WAITING})
FINISHED: Final = frozenset({State.RESULT, State.ERROR})


def add(task: int, command: bytes) -> bytes:
    """Execute `command` (password, code, parameters) as this task and keep its result."""
    return bytes((Buffer.ADD, NEED_RESULT, task)) + command


def ask(task: int) -> bytes:
    """What became of this task."""
    return bytes((Buffer.ASK, task))


def acknowledge(task: int) -> bytes:
    """Forget this task."""
    return bytes((Buffer.ACK, task))
