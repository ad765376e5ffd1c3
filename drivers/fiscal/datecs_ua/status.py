"""The six status bytes of the Ukrainian FP-700.

Bits S0.0, S0.1, S0.5, S1.1, S2.0, S2.1, S2.3 and S2.5 mean the same in the whole family; S1.3
(return receipt open) and S1.5 (cover open) are the Ukrainian FP-700's own. Source: status texts in
a public Ukrainian FP-700 driver, checked against the Datecs protocol P manual.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Paper, PrinterStatus


@dataclass(frozen=True, slots=True)
class Status:
    """Decoded flags; `raw` is the bytes as hex, for the evidence."""

    raw: str
    syntax_error: bool
    invalid_command: bool
    general_error: bool
    overflow: bool
    not_allowed: bool
    return_open: bool
    cover_open: bool
    paper_out: bool
    paper_low: bool
    journal_full: bool
    fiscal_open: bool
    nonfiscal_open: bool

    @property
    def rejected(self) -> bool:
        """A command that prints nothing was not carried out."""
        return self.syntax_error or self.invalid_command or self.overflow or self.not_allowed

    @property
    def refused(self) -> bool:
        """A command that prints was not carried out.

        S0.5 is the "or" of every error, a lasting paper end included, so it says nothing about a
        command that needs no paper."""
        return self.rejected or self.general_error or self.paper_out

    @property
    def reason(self) -> str:
        """Stable code of the first thing that is wrong, "" when nothing is."""
        for flag, code in (
            (self.paper_out, "paper_out"),
            (self.cover_open, "cover_open"),
            (self.journal_full, "journal_full"),
            (self.not_allowed, "not_allowed"),
            (self.invalid_command, "invalid_command"),
            (self.syntax_error, "syntax_error"),
            (self.overflow, "overflow"),
            (self.general_error, "device_error"),
        ):
            if flag:
                return code
        return ""

    @property
    def halted(self) -> bool:
        """This printer refuses a command before it begins, so nothing halts half way."""
        return False

    @property
    def anything_open(self) -> bool:
        """A receipt of any kind is open."""
        return self.fiscal_open or self.nonfiscal_open

    def public(self) -> PrinterStatus:
        """The same for the agent."""
        paper: Paper = "out" if self.paper_out else "low" if self.paper_low else "ok"
        return PrinterStatus(
            online=True,
            paper=paper,
            fiscal_open=self.fiscal_open,
            nonfiscal_open=self.nonfiscal_open,
            error=self.reason,
            raw=self.raw,
        )


def decode_status(raw: bytes) -> Status:
    """Flags of six status bytes as they came in a frame."""

    def bit(byte: int, number: int) -> bool:
        return bool(raw[byte] >> number & 1)

    return Status(
        raw=raw.hex(" "),
        syntax_error=bit(0, 0),
        invalid_command=bit(0, 1),
        general_error=bit(0, 5),
        overflow=bit(1, 0),
        not_allowed=bit(1, 1),
        return_open=bit(1, 3),
        cover_open=bit(1, 5),
        paper_out=bit(2, 0),
        paper_low=bit(2, 1),
        journal_full=bit(2, 2),
        fiscal_open=bit(2, 3),
        nonfiscal_open=bit(2, 5),
    )
