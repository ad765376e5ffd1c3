"""What promotions say in Polish: each reason as the engine gives it, near misses, and plurals."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import datetime

import pytest

from loyalty.member import Member
from loyalty.promotions import conditions as when
from loyalty.promotions.effects import (
    AccrueFixed,
    AccrueMultiplier,
    DrawTicket,
    Effect,
    GiftItem,
    PercentOff,
    RedeemAllowance,
)
from loyalty.promotions.explain import explain
from loyalty.promotions.facts import Failure
from loyalty.promotions.hint_phrases import (
    AGAIN,
    KINDS,
    MORE_KINDS,
    OR,
    PHRASES,
    TENDERS,
    TICKETS,
)
from loyalty.promotions.hint_texts import MAX_SENTENCE, Lacking, sentence
from loyalty.promotions.hints import LOCALES
from loyalty.promotions.reason_texts import CUT, EQUAL, FIRED, NO_PURCHASE, PILOT, REASONS
from loyalty.promotions.scope import EVERYTHING, Scope
from loyalty.promotions.wording import bonuses, plural, quotable, times
from loyalty.quote import PromotionTrace
from tests.unit.loyalty.promotions.test_hint_texts import EFFECTS
from tests.unit.loyalty.promotions.test_reasons import TOLD, Told, told

__all__ = ["told"]

SCOPE = Scope(skus=frozenset({"coffee"}))
PIECE, KIND = Failure("r", "", "", 2, "piece"), Failure("r", "", "", 2, "sku")
MINOR, CARD = Failure("r", "", "", 5_000, "minor"), Failure("r", "", "", 1, "member")
PAID = Failure("r", "", "card, cash", 1, "tender")

POLISH = {
    "no_goods": "na paragonie brak potrzebnych towarów",
    "scope_quantity": "potrzeba 5 szt., jest 1",
    "set_quantity": "potrzeba 3 szt., wolnych 1",
    "scope_value": "potrzeba towarów za 30,50 UAH, jest za 20",
    "receipt_value": "potrzebny paragon od 100 UAH, teraz 20",
    "distinct_skus": "potrzeba 3 różnych towarów, jest 1",
    "complete_set": "w zestawie 2 części, zebrano 1",
    "store": "działa w innych sklepach",
    "store_format": "działa w sklepach innego formatu: mini",
    "register": "działa na innych kasach",
    "channel": "działa w innym kanale: web",
    "code_entered": "potrzebny kod promocji",
    "tender_kind": "działa przy płatności kartą lub gotówką",
    "not_started": "zacznie się 01.12.2026 o 10:00",
    "ended": "zakończyła się 21.11.2026",
    "date_range": "działa od 01.12.2026 do 24.12.2026",
    "weekday": "działa w inne dni: pn, pt",
    "time_window": "działa 22:00-02:00, teraz 12:00",
    "birthday": "działa w okolicy urodzin (3 dni przed, 7 po), 12 dni temu",
    "member_known": "potrzebna karta uczestnika",
    "member_blocked": "karta jest zablokowana",
    "member_group": "dla innej grupy: vip",
    "member_tier": "dla innego poziomu: gold",
    "member_segment": "dla innych kupujących",
    "nth_purchase": "to zakup nr 1, działa na nr 5, 10 i wielokrotności 7",
    "first_purchase": "tylko na pierwszy zakup",
    "days_since_purchase": "dni od ostatniego zakupu: 2, potrzeba co najmniej 30",
    "coupon_held": "brak kuponu",
    "points_at_least": "trzeba mieć 50 bonusów na koncie, jest 12,34",
    "cashier_is_not_member": "własna karta kasjera nie działa",
    "stopped": "promocję zatrzymano",
    "cap_per_member_day": "dziś wykorzystano już 3 z 2",
    "cap_per_member": "uczestnik wykorzystał już 3 z 3",
    "cap_campaign_count": "promocja wyczerpana: 3 z 3",
    "cap_campaign_minor": "budżet promocji wyczerpany: 3 z 3 UAH",
    "cap_budget": "w budżecie promocji zostało 1,50 UAH, potrzeba 2",
    "exclusive_taken": "działa promocja wyłączna „Rywal”",
    "not_the_best": "korzystniejsza promocja „Rywal”: 4 UAH wobec 2",
    "group_taken": "w tej grupie działa już „Rywal”",
    "allowance_taken": "zapłatę bonusami zmieniła już „Rywal”",
    "law_tobacco": "prawo zakazuje promocji na tytoń",
    "floor": "cena jest już najniższa z możliwych",
    "already_cheaper": "i tak taniej: 20 UAH, w promocji 25",
    "earns_nothing": "za te towary nic się nie nalicza",
    "shadow": "próba: tylko liczona",
}


@pytest.mark.parametrize("reason", TOLD)
def test_each_reason_in_polish(reason: str, told: Callable[[Told], PromotionTrace]) -> None:
    assert explain(told(TOLD[reason]), "pl", {"rival": "Rywal"}) == POLISH[reason]


@pytest.mark.parametrize(
    ("case", "pl"),
    [
        (Told("", "", (when.PointsAtLeast(2100),)), "trzeba mieć 21 bonusów na koncie, jest 12,34"),
        (Told("", "", (when.PointsAtLeast(2200),)), "trzeba mieć 22 bonusy na koncie, jest 12,34"),
        (Told("", "", (when.DaysSincePurchase(30),)), "zakupów jeszcze nie było"),
        (
            Told("", "", (when.BirthdayWindow(1, 2),), member=Member(1, "О.", birthday="11-24")),
            "działa w okolicy urodzin (1 dzień przed, 2 po), za 2 dni",
        ),
        (
            Told("", "", (when.BirthdayWindow(2, 0),), member=Member(1, "О.", birthday="11-21")),
            "działa w okolicy urodzin (2 dni przed, 0 po), 1 dzień temu",
        ),
        (
            Told("", "", (when.BirthdayWindow(2, 2),), member=Member(1, "О.")),
            "działa w okolicy urodzin (2 dni przed, 2 po), data nieznana",
        ),
        (
            Told("", "", fields={"valid_until": datetime(2026, 11, 22, 9, 30)}),
            "zakończyła się 22.11.2026 o 09:30",
        ),
        (Told("", ""), "zadziałała"),
    ],
    ids=["21", "22", "never", "ahead", "yesterday", "no day", "ended", "acted"],
)
def test_figures_and_plurals(case: Told, pl: str, told: Callable[[Told], PromotionTrace]) -> None:
    trace = told(case)
    assert explain(trace, "pl") == pl


def test_a_day_is_one_day_in_english(told: Callable[[Told], PromotionTrace]) -> None:
    member = Member(1, "О.", birthday="11-21")
    trace = told(Told("", "", (when.BirthdayWindow(1, 0),), member=member))
    said = "runs around the birthday (1 day before, 0 after), it was 1 day ago"
    assert explain(trace, "en") == said
    short = told(Told("", "", (when.ScopeQuantity(SCOPE, 1),), effect=PercentOff(SCOPE, 1000)))
    assert "1 pieces" not in explain(short, "en")


def test_no_table_lacks_a_language() -> None:
    tables = [*REASONS.values(), *CUT.values(), PILOT, EQUAL, NO_PURCHASE, FIRED]
    tables += [PHRASES, TENDERS, MORE_KINDS, KINDS, AGAIN, TICKETS, OR]
    assert len(tables) > 50
    assert [tuple(table) for table in tables] == [LOCALES] * len(tables)
    assert all(len(words) == len(set(words)) for words in TENDERS.values())


@pytest.mark.parametrize("table", [REASONS, CUT], ids=["reasons", "cuts"])
def test_a_reason_names_the_same_figures_in_each_language(table: dict[str, dict[str, str]]) -> None:
    for reason, texts in table.items():
        figures = {tuple(sorted(re.findall(r"{(\w+)}", text))) for text in texts.values()}
        assert len(figures) == 1, reason


def test_a_phrase_has_the_same_places_in_each_language() -> None:
    """English puts "of" before goods where the others say the bare name."""
    for part in PHRASES["uk"].__dataclass_fields__:
        places = {
            locale: set(re.findall(r"{(\w+)}", getattr(PHRASES[locale], part))) - {"of", "on"}
            for locale in LOCALES
        }
        assert places["uk"] == places["pl"] == places["en"], part


@pytest.mark.parametrize(
    ("count", "word"),
    [(1, "a"), (2, "b"), (4, "b"), (5, "c"), (0, "c"), (12, "c"), (21, "c"), (22, "b"), (112, "c")],
)
def test_plural_forms(count: int, word: str) -> None:
    assert plural(count, "a", "b", "c", "pl") == word


def test_sums_and_names() -> None:
    assert [bonuses(n, "pl") for n in (100, 200, 500, 2100, 150)] == [
        *("1 bonus", "2 bonusy", "5 bonusów", "21 bonusów", "1,5 bonusu"),
    ]
    assert [times(n, "pl") for n in (20_000, 50_000, 15_000)] == ["2 razy", "5 razy", "1,5 raza"]
    assert quotable("Ser „Gouda” «x»", "pl") == "Ser «Gouda» «x»"


@pytest.mark.parametrize(
    ("effect", "failure", "pl"),
    [
        (PercentOff(EVERYTHING, 1050), PIECE, "jeszcze 2 szt. „Ser” — i −10,5% na „Kawa”"),
        (DrawTicket("d", tickets=5), MINOR, "jeszcze za 50 UAH „Ser” — i 5 losów w losowaniu"),
        (DrawTicket("d"), MINOR, "jeszcze za 50 UAH „Ser” — i los w losowaniu"),
        (AccrueMultiplier(EVERYTHING, 20_000), CARD, "z kartą uczestnika: 2 razy więcej bonusów"),
        (AccrueFixed(EVERYTHING, 200), KIND, "jeszcze 2 inne towary „Ser” — i +2 bonusy"),
        (RedeemAllowance(8_000), PAID, "przy płatności kartą lub gotówką: bonusami do 80%"),
        (GiftItem("mug", (("uk", "Kubek"),)), PIECE, "jeszcze 2 szt. „Ser” — i prezent „Kubek”"),
    ],
    ids=["percent", "tickets", "ticket", "times", "kinds", "paid", "gift"],
)
def test_a_near_miss(effect: Effect, failure: Failure, pl: str) -> None:
    lacking = Lacking(failure, (("uk", "Ser"),), (("uk", "Kawa"),))
    assert sentence("pl", effect, lacking).startswith(pl)


def test_goods_by_weight_are_weighed_again() -> None:
    lacking = Lacking(PIECE, (("uk", "Ser"),), is_weighed=True)
    assert (
        sentence("pl", PercentOff(EVERYTHING, 500), lacking) == "zważ „Ser” jeszcze 2 razy — i −5%"
    )


def test_no_polish_sentence_is_longer_than_a_line() -> None:
    names = ("", "Ser", "S" * 200)
    for effect, failure, name in itertools.product(
        EFFECTS, (PIECE, KIND, MINOR, CARD, PAID), names
    ):
        lacking = Lacking(failure, (("uk", name),), (("uk", name),), (("uk", name),))
        assert 0 < len(sentence("pl", effect, lacking)) <= MAX_SENTENCE
