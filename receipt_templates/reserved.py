"""Words that an added line must not use, because they imitate requisites of the fiscal receipt.

Source: the requisites of forms ФКЧ-1 and ФКЧ-2 (Ministry of Finance order 13 of 21.01.2016).
Latin letters that look like Cyrillic ones are read as such.
"""

from __future__ import annotations

import re
import unicodedata

MASK = "***"

_LOOKALIKES = str.maketrans("ABCEHIKMOPTXabceikmoptxy", "АВСЕНІКМОРТХавсеікмортху")
# Characters that no code page of a printer has, and their plain forms.
_PLAIN = str.maketrans({"\u2212": "-", "\u2011": "-", "×": "x", "\u202f": " ", "₴": "грн"})
_CYRILLIC = re.compile(
    r"\b(?i:фіскальн\w*|не\s*фіскальн\w*|сума|пдв|іпн|до\s+сплати|акцизн\w*\s+податок)\b"
    r"|\b(?i:чек)\s*№"
    r"|\b(?:ФН|ЗН|ПН|ІД|ФР)\b(?=\s*[\d№:]|\s*$)"
)
_LATIN = re.compile(r"\b(?i:fiscal\w*|vat|total\s+due)\b")
_BLANKS = re.compile(r"\s+")


def reserved_words(text: str) -> tuple[str, ...]:
    """The reserved words found in a text, as written there."""
    return tuple(text[start:end] for start, end in _spans(text))


def free_text(text: str) -> str:
    """A text fit for an added line: no control characters, reserved words masked."""
    text = "".join(char if _is_plain(char) else " " for char in text.translate(_PLAIN))
    for start, end in reversed(_spans(text)):
        text = text[:start] + MASK + text[end:]
    return _BLANKS.sub(" ", text).strip()


def _is_plain(char: str) -> bool:
    return char <= "\uffff" and unicodedata.category(char) not in (
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    )


def _spans(text: str) -> list[tuple[int, int]]:
    folded = text.translate(_LOOKALIKES)
    found = [match.span() for match in _CYRILLIC.finditer(folded)]
    found += [match.span() for match in _LATIN.finditer(text)]
    return sorted(set(found))
