"""What the screen is pushed about the person at the till: who, in which language, which shift."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.shift.languages import MOST, Languages
from edge_agent.shift.sign_in import NOBODY_TRIES
from tests.support.rig import CARD, Rig, answer, line, sell
from tests.support.staff import BADGE, CASHIER, SENIOR, staffed

Json = dict[str, Any]


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Rig]:
    """A register with staff, nobody signed in, whose POS prints."""
    register = Rig(tmp_path)
    staffed(register)
    with register.config.open("a", encoding="utf-8") as config:
        config.write('[till]\nprint_mode = "none"\n')
    register.start()
    yield register
    register.stop()


def state(till: Rig) -> Json:
    return answer(till.http.get("/v1/state"))


def sign_in(till: Rig, who: dict[str, str]) -> None:
    answer(till.http.post("/v1/shift/sign-in", json=who))


def test_who_works_and_the_shift_are_pushed(till: Rig) -> None:
    shift = state(till)["shift"]
    assert (shift["signs_in"], shift["cashier"], shift["is_open"]) == (True, None, False)
    before = state(till)["revision"]
    sign_in(till, CASHIER)
    now = state(till)
    assert now["revision"] > before
    assert now["shift"]["cashier"] == {"cashier_id": "c1", "name": "Олена К.", "role": "cashier"}
    assert (now["shift"]["is_open"], now["shift"]["number"]) == (True, 1)
    answer(till.http.post("/v1/shift/z", json={}))
    after = state(till)["shift"]
    assert (after["is_open"], after["owner"]) == (False, "pos")
    answer(till.http.post("/v1/shift/sign-out", json={}))
    assert state(till)["shift"]["cashier"] is None


def test_a_sale_opens_the_shift_on_the_screen_too(rig: Rig) -> None:
    assert state(rig)["shift"]["is_open"] is False
    sell(rig.http, [line(1, "bread", 10_000)])
    shift = state(rig)["shift"]
    assert (shift["is_open"], shift["signs_in"]) == (True, False)


def test_each_cashier_reads_their_own_language_after_a_restart_too(till: Rig) -> None:
    sign_in(till, CASHIER)
    answer(till.http.put("/v1/panel/locale", json={"locale": "pl"}))
    assert state(till)["locale"] == "pl"
    sign_in(till, SENIOR)
    assert state(till)["locale"] == "uk"
    answer(till.http.put("/v1/panel/locale", json={"locale": "en"}))
    assert till.http.put("/v1/panel/locale", json={"locale": "de"}).status_code == 422
    till.stop()
    till.start()
    assert state(till)["locale"] == "en", "who was signed in still is"
    sign_in(till, CASHIER)
    assert state(till)["locale"] == "pl"
    till.http.post("/v1/scan", json={"code": "nothing-known"})
    assert state(till)["notice"]["text"].startswith("Kod nierozpoznany")


def test_a_file_of_languages_that_cannot_be_read_is_none_and_it_stays_short(tmp_path: Path) -> None:
    path = tmp_path / "languages.json"
    for text in ("", "{", "[1]", '{"c1": "de"}'):
        path.write_text(text, encoding="utf-8")
        assert Languages(path, "uk").of("c1") == "uk"
    kept = Languages(path, "uk")
    for number in range(MOST + 2):
        kept.choose(f"c{number}", "en")
    again = Languages(path, "uk")
    assert [again.of(f"c{number}") for number in (0, 1, 2, MOST + 1)] == ["uk", "uk", "en", "en"]
    nowhere = Languages(tmp_path / "gone" / "languages.json", "uk")
    nowhere.choose("c1", "pl")
    assert nowhere.of("c1") == "pl", "kept in memory where the disk takes nothing"


def test_a_scanned_badge_signs_in_and_is_nobodys_card(till: Rig) -> None:
    heard = answer(till.http.post("/v1/scan", json={"code": BADGE, "source": "scanner"}))
    assert (heard["kind"], heard["masked"]) == ("badge", "badge:****")
    assert state(till)["shift"]["cashier"]["cashier_id"] == "s1"
    answer(till.http.post("/v1/shift/sign-out", json={}))
    for _ in range(NOBODY_TRIES):
        till.http.post("/v1/shift/sign-in", json={"badge": "B-000"})
    answer(till.http.post("/v1/scan", json={"code": BADGE, "source": "scanner"}))
    locked = state(till)
    assert locked["shift"]["cashier"] is None
    assert locked["notice"]["code"] == "sign_in_locked"


def test_a_question_that_takes_scans_is_told_their_text_and_no_sale_is(till: Rig) -> None:
    def question(is_open: bool, takes_scan: bool) -> Json:
        body = {"is_open": is_open, "takes_scan": takes_scan}
        return answer(till.http.post("/v1/panel/dialog", json=body))

    assert question(True, True)["held"] is False
    for number in (1, 2):
        heard = answer(till.http.post("/v1/scan", json={"code": CARD, "source": "scanner"}))
        assert heard["kind"] == "answer"
        assert state(till)["scan"] == {"number": number, "text": CARD}
    assert state(till)["waiting"] is None
    question(False, False)
    assert state(till)["scan"] is None
    till.http.post("/v1/scan", json={"code": CARD, "source": "scanner"})
    assert state(till)["waiting"]["member_id"] == 101
    assert question(True, False)["held"] is True


def test_the_screen_is_warned_before_a_shift_is_a_day_old(till: Rig) -> None:
    assert till.agent is not None
    shift, started = till.agent.shift, till.agent.shift._monotonic()
    answer(till.http.post("/v1/shift/sign-in", json=CASHIER))
    till.agent.beat()
    before = state(till)
    assert before["shift"]["warnings"] == []
    for hours, code in ((23, "shift_23_hours"), (24, "shift_over_24_hours")):
        shift._monotonic = lambda at=started + hours * 3600 + 60: at
        till.agent.beat()
        now = state(till)
        assert [each["code"] for each in now["shift"]["warnings"]] == [code]
        assert now["notice"]["code"] == code
        assert now["revision"] > before["revision"]
        before = now
    till.agent.beat()
    assert state(till)["revision"] == before["revision"], "told once"
