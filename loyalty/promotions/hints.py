"""Near misses: the one thing that is lacking, and what it would give, in a cashier's sentence.

A hint is made only when exactly one condition fails and a purchase or a card would mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.money import share_down, share_half_up
from loyalty.promotions import effects as then
from loyalty.promotions.checks import Failure
from loyalty.promotions.conditions import Scope
from loyalty.promotions.rewards import set_value
from loyalty.promotions.ruleset import Texts, text_in
from loyalty.promotions.worksheet import SheetLine

MAX_MISSING_PIECES = 2
MAX_ITEM_TEXT = 40
Lines = Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class _Phrases:
    piece_of: str
    piece: str
    value_of: str
    value: str
    member: str
    percent: str
    amount: str
    amount_per_unit: str
    free: str
    bonuses: str
    decimal: str


_PHRASES = {
    "uk": _Phrases(
        piece_of="ще {count} шт. «{item}» — і {gain}",
        piece="ще {count} шт. — і {gain}",
        value_of="ще на {sum} грн «{item}» — і {gain}",
        value="ще на {sum} грн — і {gain}",
        member="з карткою учасника — {gain}",
        percent="−{percent} %",
        amount="−{sum} грн",
        amount_per_unit="−{sum} грн за шт.",
        free="{count} шт. безкоштовно",
        bonuses="+{percent} % бонусами",
        decimal=",",
    ),
    "en": _Phrases(
        piece_of="{count} more of “{item}” for {gain}",
        piece="{count} more for {gain}",
        value_of="UAH {sum} more of “{item}” for {gain}",
        value="UAH {sum} more for {gain}",
        member="with a member card: {gain}",
        percent="−{percent}%",
        amount="UAH −{sum}",
        amount_per_unit="UAH −{sum} each",
        free="{count} free",
        bonuses="+{percent}% in bonuses",
        decimal=".",
    ),
}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What is lacking and the kopecks the buyer would gain; its texts are made when asked for."""

    effect: then.Effect
    failure: Failure
    item: Texts
    benefit_minor: int

    def texts(self) -> Texts:
        """The cashier's sentence per locale."""
        return tuple((locale, _sentence(locale, self)) for locale in _PHRASES)


def near_miss(
    effect: then.Effect, failure: Failure, scope: Scope | None, in_scope: Lines, target: Lines
) -> NearMiss | None:
    """The hint for a promotion whose only failure is `failure`, or None when it is not near.

    `in_scope` are the lines the failing condition counts, `scope` its scope when it has one.
    """
    if not _is_near(failure, in_scope, target):
        return None
    sample = min(in_scope, key=lambda line: (-line.pieces, line.item.name), default=None)
    extra_pieces = failure.missing if failure.unit == "piece" and sample in target else 0
    extra_minor = set_value(sample, extra_pieces) if sample is not None else 0
    if failure.unit == "minor" and sample in target:
        extra_minor = failure.missing
    benefit = _benefit(effect, target, extra_pieces, extra_minor)
    if benefit <= 0:
        return None
    item: Texts = scope.label if scope is not None else ()
    if not item and failure.unit == "piece" and sample is not None:
        item = (("uk", sample.item.name),)
    return NearMiss(effect, failure, item, benefit)


def _is_near(failure: Failure, in_scope: Lines, target: Lines) -> bool:
    if failure.unit == "piece":
        return failure.missing <= MAX_MISSING_PIECES and bool(in_scope or target)
    if failure.unit == "minor":
        # Near is a third of the threshold or less; further away it is an advertisement.
        return bool(in_scope) and failure.missing * 2 <= sum(line.net for line in in_scope)
    return failure.unit == "member"


def _benefit(effect: then.Effect, target: Lines, extra_pieces: int, extra_minor: int) -> int:
    value = sum(line.net for line in target) + extra_minor
    if isinstance(effect, then.PercentOff):
        return share_half_up(value, effect.percent_bp)
    if isinstance(effect, then.AmountOff):
        counts = {
            "receipt": 1,
            "line": len(target),
            "unit": sum(line.pieces for line in target) + extra_pieces,
        }
        return min(value, effect.amount_minor * counts[effect.per])
    if isinstance(effect, then.NForM):
        unused = [set_value(line, 1) for line in target if line.used < line.pieces]
        return min(unused, default=0) * (effect.take - effect.pay)
    if isinstance(effect, then.AccruePercent):
        money = sum(line.money for line in target if line.earns) + extra_minor
        return share_down(max(0, money), effect.percent_bp)
    return 0


def _sentence(locale: str, miss: NearMiss) -> str:
    phrases, failure = _PHRASES[locale], miss.failure
    gain = _gain(phrases, miss.effect)
    if failure.unit == "member":
        return phrases.member.format(gain=gain)
    item = text_in(miss.item, locale)[:MAX_ITEM_TEXT]
    if failure.unit == "piece":
        phrase = phrases.piece_of if item else phrases.piece
        return phrase.format(count=failure.missing, item=item, gain=gain)
    phrase = phrases.value_of if item else phrases.value
    return phrase.format(sum=_money(phrases, failure.missing), item=item, gain=gain)


def _gain(phrases: _Phrases, effect: then.Effect) -> str:
    if isinstance(effect, then.PercentOff):
        return phrases.percent.format(percent=_decimal(phrases, effect.percent_bp))
    if isinstance(effect, then.AmountOff):
        phrase = phrases.amount_per_unit if effect.per == "unit" else phrases.amount
        return phrase.format(sum=_money(phrases, effect.amount_minor))
    if isinstance(effect, then.NForM):
        return phrases.free.format(count=effect.take - effect.pay)
    if isinstance(effect, then.AccruePercent):
        return phrases.bonuses.format(percent=_decimal(phrases, effect.percent_bp))
    return ""


def _money(phrases: _Phrases, minor: int) -> str:
    """Kopecks as people write sums: 2000 → "20", 2050 → "20,50"."""
    whole, rest = divmod(minor, 100)
    return f"{whole}{phrases.decimal}{rest:02d}" if rest else str(whole)


def _decimal(phrases: _Phrases, hundredths: int) -> str:
    """Hundredths as people write them: 2000 → "20", 1050 → "10,5"."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}{phrases.decimal}{rest:02d}".rstrip("0") if rest else str(whole)
