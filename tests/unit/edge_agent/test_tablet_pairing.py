"""Pairing codes and sessions of tablets: short, few tries, revocable; and the page's weight."""

from __future__ import annotations

import gzip
import re
from importlib import resources
from pathlib import Path

from edge_agent.tablet.listener import FILES
from edge_agent.tablet.pairing import CODE_S, MAX_TABLETS, SESSION_S, TRIES, Pairing

STATIC = Path(str(resources.files("edge_agent") / "tablet" / "static"))


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_pairs_one_tablet_once() -> None:
    pairing = Pairing(Hand())
    assert pairing.pair("") is None
    assert pairing.pair("000000") is None
    code = pairing.new_code()
    assert re.fullmatch(r"\d{6}", code)
    token = pairing.pair(code)
    assert token is not None
    assert (pairing.accepts(token), pairing.accepts(code), pairing.accepts("")) == (
        True,
        False,
        False,
    )
    assert pairing.pair(code) is None
    earlier = pairing.new_code()
    if pairing.new_code() != earlier:
        assert pairing.pair(earlier) is None


def test_five_wrong_tries_kill_the_code() -> None:
    pairing = Pairing(Hand())
    code = pairing.new_code()
    for _ in range(TRIES - 1):
        assert pairing.pair(wrong(code)) is None
    assert pairing.pair(code) is not None, "four wrong tries are forgiven"
    code = pairing.new_code()
    for guess in (wrong(code), "ґ" * 6, "1", wrong(code), wrong(code)):
        assert pairing.pair(guess) is None
    assert pairing.pair(code) is None


def test_codes_and_sessions_end() -> None:
    clock = Hand()
    pairing = Pairing(clock)
    code = pairing.new_code()
    clock.now += CODE_S
    assert pairing.pair(code) is None
    tokens = [pairing.pair(pairing.new_code()) or "" for _ in range(MAX_TABLETS + 1)]
    assert [pairing.accepts(each) for each in tokens] == [False] + [True] * MAX_TABLETS
    waiting = pairing.new_code()
    assert pairing.revoke() == MAX_TABLETS
    assert not any(pairing.accepts(each) for each in tokens)
    assert pairing.pair(waiting) is None
    token = pairing.pair(pairing.new_code()) or ""
    clock.now += SESSION_S
    assert (pairing.accepts(token), pairing.tablets()) == (False, 0)


def test_the_page_is_small_and_names_no_other_host() -> None:
    files = sorted(path for path in STATIC.iterdir() if path.is_file())
    assert {path.name for path in files} == {name for name, _kind in FILES.values()}
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in files}
    assert sum(sizes.values()) <= 15 * 1024, sizes
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text, path.name
        assert "https://" not in text, path.name
        assert "style=" not in text, path.name


def test_every_sentence_of_the_page_has_three_languages() -> None:
    words = (STATIC / "tablet_words.js").read_text(encoding="utf-8")
    entries = re.findall(r"^  (\w+): \[(.*?)\],\n(?=  \w+:|\};)", words, re.M | re.S)
    counts = {name: len(re.findall(r"'[^'\n]+'", body)) for name, body in entries}
    assert len(counts) >= 25
    assert set(counts.values()) == {3}, counts
    for code in ("bad_phone", "bad_birthday", "consent_needed", "join_offline"):
        assert code in counts
