"""Command numbers of the Ukrainian dialect that this driver may send: an allow-list, no more.

The same numbers mean other things elsewhere in the family (57 is "cancel" here and "customer data"
in Bulgaria; 84 sets the VAT mode and 92 the fiscal number here), so what is not listed never goes
out, and nothing but 74 and 90 goes out before the device has been recognised. Source: enumeration
`eCommand` of a public Ukrainian FP-700 driver; `datecsfp.cpp` of github.com/sergnochevny/datecs.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Cmd(IntEnum):
    """Decimal command numbers."""

    LAST_ERROR = 32
    OPEN_NONFISCAL = 38
    CLOSE_NONFISCAL = 39
    NONFISCAL_TEXT = 42
    FEED = 44
    SHIFT_STATE = 46
    OPEN_FISCAL = 48
    SUBTOTAL = 51
    PAYMENT = 53
    FISCAL_TEXT = 54
    CLOSE_FISCAL = 56
    CANCEL = 57
    SALE = 58
    REPORT = 69
    CASH = 70
    STATUS = 74
    TRANSACTION = 76
    OPEN_RETURN = 85
    BARCODE = 88
    DIAGNOSTICS = 90
    DIVIDER = 93
    OPERATOR_NAME = 102
    ARTICLE = 107
    DAY = 110
    LAST_DOCUMENT = 113


ALLOWED: Final = frozenset(int(cmd) for cmd in Cmd)
