"""Numbers, sums and names as people write them, in Ukrainian and English."""

from __future__ import annotations

import unicodedata

POINTS_PER_BONUS = 100
_DECIMAL = {"uk": ",", "en": "."}
_BONUS = {"uk": ("бонус", "бонуси", "бонусів", "бонуса"), "en": ("bonus", "bonuses")}
_INNER_QUOTES = {"uk": str.maketrans("«»", "„“"), "en": str.maketrans("“”", "‘’")}


def plural(count: int, one: str, few: str, many: str) -> str:
    """The Ukrainian form that goes with a whole number: 1 бонус, 2 бонуси, 5 бонусів."""
    ones, tens = count % 10, count % 100
    if ones == 1 and tens != 11:
        return one
    return few if 2 <= ones <= 4 and not 12 <= tens <= 14 else many


def number(hundredths: int, locale: str) -> str:
    """Hundredths without needless digits: 2000 → "20", 1050 → "10,5"."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}{_DECIMAL[locale]}{rest:02d}".rstrip("0") if rest else str(whole)


def money(minor: int, locale: str) -> str:
    """Kopecks as people write sums: 2000 → "20", 2050 → "20,50"."""
    whole, rest = divmod(minor, 100)
    return f"{whole}{_DECIMAL[locale]}{rest:02d}" if rest else str(whole)


def bonuses(points: int, locale: str) -> str:
    """Hundredths of a bonus with their word: "1 бонус", "2 бонуси", "1,5 бонуса"."""
    figure, words = number(points, locale), _BONUS[locale]
    if locale == "en":
        return f"{figure} {words[points != POINTS_PER_BONUS]}"
    if points % POINTS_PER_BONUS:
        return f"{figure} {words[3]}"
    return f"{figure} {plural(points // POINTS_PER_BONUS, *words[:3])}"


def times(basis_points: int, locale: str) -> str:
    """How many times as much: 20 000 → "у 2 рази", 15 000 → "у 1,5 раза"."""
    figure = number(basis_points // 100, locale)
    if locale == "en":
        return f"{figure} times"
    whole, rest = divmod(basis_points, 10_000)
    return f"у {figure} {'раза' if rest else plural(whole, 'раз', 'рази', 'разів')}"


def quotable(name: str, locale: str) -> str:
    """A name that can stand in quotes on one line: no control characters, inner quotes turned."""
    if not name.isprintable():
        name = "".join([" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in name])
    return " ".join(name.translate(_INNER_QUOTES[locale]).split())


def shortened(text: str, most: int) -> str:
    """The text cut to `most` characters, with an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
