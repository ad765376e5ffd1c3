"""One-time codes: bounded in tries, sendings and time, on a clock of their own."""

from __future__ import annotations

import io
import re

from edge_agent.one_time_codes import (
    LIFE_S,
    MAX_OPEN,
    MAX_SENDS,
    MAX_SENDS_AN_HOUR,
    MAX_TRIES,
    ConsoleSender,
    NoSender,
    OneTimeCodes,
)

SALE = "s1"


class Bench:
    """Codes over a console and a clock that is set by hand."""

    def __init__(self) -> None:
        self.console = io.StringIO()
        self.now = 1_000.0
        self.codes = OneTimeCodes(ConsoleSender(self.console), lambda: self.now)

    def sent(self) -> list[str]:
        """Codes on the console, oldest first."""
        return re.findall(r"\b[0-9]{6}\b", self.console.getvalue())


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_right_code_counts_once_and_for_its_own_sale_and_member() -> None:
    bench = Bench()
    assert bench.codes.ask(SALE, 101, "uk") == "code_sent"
    code = bench.sent()[0]
    assert bench.codes.check("s2", 101, code) == "code_unknown"
    assert bench.codes.check(SALE, 102, code) == "code_unknown"
    assert bench.codes.check(SALE, 101, code) == "code_right"
    assert bench.codes.check(SALE, 101, code) == "code_unknown"


def test_three_wrong_codes_end_it_even_for_the_right_one() -> None:
    bench = Bench()
    bench.codes.ask(SALE, 101, "en")
    code = bench.sent()[0]
    states = [bench.codes.check(SALE, 101, _wrong(code)) for _ in range(MAX_TRIES)]
    assert states == ["code_wrong", "code_wrong", "code_used_up"]
    assert bench.codes.check(SALE, 101, code) == "code_used_up"
    bench.codes.ask(SALE, 101, "en")
    assert bench.codes.check(SALE, 101, bench.sent()[1]) == "code_right"


def test_a_code_lives_five_minutes_and_a_newer_one_ends_it() -> None:
    bench = Bench()
    bench.codes.ask(SALE, 101, "uk")
    bench.now += LIFE_S + 1
    assert bench.codes.check(SALE, 101, bench.sent()[0]) == "code_expired"
    bench.codes.ask(SALE, 101, "uk")
    bench.codes.ask(SALE, 101, "uk")
    first, second = bench.sent()[1:]
    if first != second:
        assert bench.codes.check(SALE, 101, first) == "code_wrong"
    assert bench.codes.check(SALE, 101, second) == "code_right"


def test_sendings_are_bounded_for_a_sale_and_for_a_member() -> None:
    bench = Bench()
    states = [bench.codes.ask(SALE, 101, "uk") for _ in range(MAX_SENDS + 1)]
    assert states == ["code_sent"] * MAX_SENDS + ["code_too_many"]
    for number in range(MAX_SENDS_AN_HOUR - MAX_SENDS):
        assert bench.codes.ask(f"other{number}", 101, "uk") == "code_sent"
    assert bench.codes.ask("one more", 101, "uk") == "code_too_many"
    assert bench.codes.ask("somebody else's", 102, "uk") == "code_sent"
    bench.now += 3_700
    assert bench.codes.ask("an hour later", 101, "uk") == "code_sent"


def test_codes_of_forgotten_sales_do_not_pile_up() -> None:
    bench = Bench()
    for number in range(MAX_OPEN + 50):
        bench.codes.ask(f"s{number}", number + 1, "uk")
    assert len(bench.codes._sent) == MAX_OPEN


def test_without_a_sender_nothing_is_sent() -> None:
    codes = OneTimeCodes(NoSender(), lambda: 0.0)
    assert codes.ask(SALE, 101, "uk") == "code_no_sender"
    assert codes.check(SALE, 101, "000000") == "code_unknown"
