"""Numbers, sums and names as people write them, in Ukrainian, English and Polish."""

from __future__ import annotations

import unicodedata

POINTS_PER_BONUS = 100
_DECIMAL = {"uk": ",", "en": ".", "pl": ","}
_BONUS = {
    "uk": ("бонус", "бонуси", "бонусів", "бонуса"),
    "en": ("bonus", "bonuses", "bonuses", "bonuses"),
    "pl": ("bonus", "bonusy", "bonusów", "bonusu"),
}
_TIMES = {"uk": ("раз", "рази", "разів", "раза"), "pl": ("raz", "razy", "razy", "raza")}
_INNER_QUOTES = {
    "uk": str.maketrans("«»", "„“"),
    "en": str.maketrans("“”", "‘’"),
    "pl": str.maketrans("„”“", "«»»"),
}


def plural(count: int, one: str, few: str, many: str, locale: str = "uk") -> str:
    """The form that goes with a whole number: 1 бонус, 2 бонуси, 5 бонусів, 21 бонус.

    Polish has 21 bonusów; English has `many` for all but 1."""
    ones, tens = count % 10, count % 100
    if count == 1 or (locale == "uk" and ones == 1 and tens != 11):
        return one
    return few if locale != "en" and 2 <= ones <= 4 and not 12 <= tens <= 14 else many


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
    whole, rest = divmod(points, POINTS_PER_BONUS)
    *forms, part = _BONUS[locale]
    word = part if rest else plural(whole, forms[0], forms[1], forms[2], locale)
    return f"{number(points, locale)} {word}"


def times(basis_points: int, locale: str) -> str:
    """How many times as much: 20 000 → "у 2 рази", 15 000 → "у 1,5 раза"."""
    figure = number(basis_points // 100, locale)
    if locale == "en":
        return f"{figure} times"
    whole, rest = divmod(basis_points, 10_000)
    *forms, part = _TIMES[locale]
    word = part if rest else plural(whole, forms[0], forms[1], forms[2], locale)
    return f"{'у ' if locale == 'uk' else ''}{figure} {word}"


def quotable(name: str, locale: str) -> str:
    """A name that can stand in quotes on one line: no control characters, inner quotes turned."""
    if not name.isprintable():
        name = "".join([" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in name])
    return " ".join(name.translate(_INNER_QUOTES[locale]).split())


def shortened(text: str, most: int) -> str:
    """The text cut to `most` characters, with an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
