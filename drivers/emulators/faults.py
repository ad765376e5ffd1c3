"""Faults an emulated printer can be told to have.

    drop_reply [N] · nak [N] · corrupt [N]     the next N replies are lost, refused, or damaged
    echo [N]                                   the next N frames come back to the host as they went
    stale [N]                                  the reply before comes again in front of the next N
    split [N] · noise [N]                      byte by byte, or behind bytes that mean nothing
    syn_storm [N]                              N times "still working" without a pause, once
    delay MS [N]                               answer after MS from now on, or only N times
    paper_out · paper_low · paper_in · cover_open · cover_close · journal_full · journal_ok
    tear                                       the paper is torn off by hand
    shift_over                                 the shift was opened 25 hours ago
    tax_link_out · tax_link_in                 its own link to the tax service is down, or back
    power_off · power_on · unplug S · cable_out · cable_in
    become DIALECT                             another printer stands at the same port, at once

Each may end in `at CMD` (when that command arrives, before it is carried out) or `after CMD`
(carried out, reply not sent yet); CMD is a number, on a MARIA four letters. Without one it holds at
once, or from the next command on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from drivers.emulators.script import ScriptError, Step, parse_count, parse_millis

When = Literal["now", "at", "after"]

COUNTED: Final = frozenset({"drop_reply", "nak", "corrupt", "echo", "stale", "split", "noise"})
TAX_LINK: Final = frozenset({"tax_link_out", "tax_link_in"})
DEVICE_STATES: Final = frozenset(
    {"paper_out", "paper_low", "paper_in", "cover_open", "cover_close"}
    | {"journal_full", "journal_ok", "shift_over", "tear"}
    | TAX_LINK
)
STATES: Final = DEVICE_STATES | {"power_off", "power_on", "cable_out", "cable_in"}
KNOWN: Final = COUNTED | STATES | {"delay", "unplug", "syn_storm", "become"}
STORM: Final = 500
MAX_COUNT: Final = 10_000


@dataclass(slots=True)
class Fault:
    """One fault; `left` is how many commands it still meets, `millis` its time if it has one,
    `size` the messages of a storm, `name` what a printer becomes."""

    verb: str
    when: When = "now"
    cmd: int | str = 0
    left: int = 1
    millis: int = 0
    size: int = 0
    name: str = ""

    @property
    def waits(self) -> bool:
        """It strikes at a command to come, not at once."""
        return (
            self.when != "now"
            or self.verb in COUNTED
            or self.verb == "syn_storm"
            or (self.verb == "delay" and self.left > 0)
        )

    def meets(self, when: When, cmd: int | str) -> bool:
        """Whether the fault strikes at this moment of this command."""
        return self.left > 0 and self.when in (when, "now") and self.cmd in (0, cmd)


def parse_fault(step: Step) -> Fault:
    """Read one fault, or raise `ScriptError` naming what is wrong."""
    words = step.words
    fault = Fault(step.verb)
    if step.verb not in KNOWN:
        raise ScriptError(f"unknown fault {step.verb!r}; known: {' '.join(sorted(KNOWN))}")
    for keyword in ("at", "after"):
        if keyword in words:
            place = words.index(keyword)
            if len(words) != place + 2:
                raise ScriptError(f"'{keyword}' must be followed by one command")
            fault.when = "at" if keyword == "at" else "after"
            fault.cmd = _command(words[place + 1])
            words = words[:place]
            break
    _read_arguments(fault, words)
    if fault.verb == "become" and fault.when != "now":
        raise ScriptError("become holds at once, not at a command")
    if fault.when == "after" and fault.verb not in STATES | {"unplug"}:
        fault.when = "at"  # a fault of the reply: before or after makes no difference
    return fault


def _command(word: str) -> int | str:
    """A command's number, or the four letters that name it on a MARIA."""
    if len(word) == 4 and word.isascii() and word.isalpha():
        return word
    return parse_count(word, 16, 255)


def _read_arguments(fault: Fault, words: list[str]) -> None:
    if fault.verb == "delay":
        if not words:
            raise ScriptError("delay needs milliseconds")
        fault.millis = parse_millis(words[0], 1)
        words = words[1:]
        fault.left = parse_count(words[0], 1, MAX_COUNT) if words else 1 if fault.cmd else 0
        words = words[1:]
    elif fault.verb == "unplug":
        fault.millis = parse_millis(words[0], 1000) if words else 1000
        words = words[1:]
    elif fault.verb == "syn_storm":
        fault.size = parse_count(words[0], 1, MAX_COUNT) if words else STORM
        words = words[1:]
    elif fault.verb == "become":
        if not words:
            raise ScriptError("become needs a dialect")
        fault.name, words = words[0], words[1:]
    elif fault.verb in COUNTED and words:
        fault.left = parse_count(words[0], 1, MAX_COUNT)
        words = words[1:]
    if words:
        raise ScriptError(f"{fault.verb}: do not understand {' '.join(words)!r}")


class FaultBox:
    """The faults that wait for their moment."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Lay a fault in wait."""
        self._waiting.append(fault)

    def strike(self, when: When, cmd: int | str, verbs: frozenset[str]) -> list[Fault]:
        """The faults of these kinds that strike now, each used up by one."""
        struck = [f for f in self._waiting if f.verb in verbs and f.meets(when, cmd)]
        for fault in struck:
            fault.left -= 1
        self._waiting = [fault for fault in self._waiting if fault.left > 0]
        return struck

    def clear(self) -> None:
        """Forget them all."""
        self._waiting.clear()

    def describe(self) -> list[str]:
        """What still waits, as text."""
        return [f"{f.verb} {f.left} {f.when} {f.cmd}" for f in self._waiting]
