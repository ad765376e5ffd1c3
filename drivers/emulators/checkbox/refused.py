"""How the emulated service says no."""

from __future__ import annotations


class Refused(Exception):
    """An answer that is no success: HTTP status, the service's own word, sentence."""

    def __init__(self, status: int, word: str, message: str) -> None:
        super().__init__(message)
        self.status, self.word = status, word
