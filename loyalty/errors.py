"""Errors of the programme's core.

LoyaltyError
├── InvalidBasket    a basket that no till can sell (bounds, signs, sums)
├── InvalidTenders   tenders that do not pay the quoted sum
├── InvalidReturn    goods brought back that were not sold, or not so many
├── InvalidRuleset   a bundle or rule file that cannot be used
├── InvalidToken     a member code whose form or check character is wrong
└── InvalidEntry     ledger legs that do not sum to zero, or overdraw an account
"""

from __future__ import annotations


class LoyaltyError(Exception):
    """A refusal with a stable `code` and the `field` it is about ("" when it is the whole)."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class InvalidBasket(LoyaltyError):
    """The basket breaks a bound."""


class InvalidTenders(LoyaltyError):
    """The tenders do not fit the quote."""


class InvalidReturn(LoyaltyError):
    """The return does not fit the sale."""


class InvalidRuleset(LoyaltyError):
    """The ruleset cannot be used."""


class InvalidToken(LoyaltyError):
    """The member code is malformed."""


class InvalidEntry(LoyaltyError):
    """The ledger entry is not balanced or not allowed."""
