"""The language of the bench: steps, faults and their bounds."""

import pytest

from drivers.emulators.faults import parse_fault
from drivers.emulators.script import ScriptError, parse_millis, parse_script


def faults(script):
    return [parse_fault(step) for step in parse_script(script)]


def test_steps_are_split_at_semicolons_but_not_at_escaped_ones():
    steps = parse_script(r"scan a\;b; WAIT 50 ;; scan c\x1dd\\; dup 2")
    assert [(step.verb, step.text) for step in steps] == [
        ("scan", "a;b"),
        ("wait", "50"),
        ("scan", "c\x1dd\\"),
        ("dup", "2"),
    ]


@pytest.mark.parametrize("script", ["", " ; ;", "x;" * 2000, "x" * 30_000])
def test_scripts_out_of_bounds_are_refused(script):
    with pytest.raises(ScriptError):
        parse_script(script)


def test_durations():
    assert parse_millis("2", 1000) == parse_millis("2s", 1) == parse_millis("2000ms", 1) == 2000
    assert parse_millis("0.5", 1000) == 500
    for bad in ("x", "-1", "61s", "nan"):
        with pytest.raises(ScriptError):
            parse_millis(bad, 1)


def test_faults_and_where_they_strike():
    drop, out, cut, slow, away = faults(
        "drop_reply 3 at 58; paper_out at 56; power_off after 56; delay 700 at 56; unplug 2"
    )
    assert (drop.left, drop.cmd, drop.when, drop.waits) == (3, 58, "at", True)
    assert (out.cmd, out.waits) == (56, True)
    assert (cut.when, cut.cmd) == ("after", 56)
    assert (slow.millis, slow.left) == (700, 1)
    assert (away.millis, away.waits) == (2000, False)


def test_a_fault_without_a_place_waits_for_the_next_command_or_holds_at_once():
    nak, paper, delay = faults("nak 2; paper_out; delay 3")
    assert nak.waits
    assert nak.meets("at", 74)
    assert not paper.waits
    assert not delay.waits


@pytest.mark.parametrize(
    "script",
    ["explode", "drop_reply x", "drop_reply 1 2", "nak at", "nak at 7", "delay", "paper_out 3"],
)
def test_a_fault_that_cannot_be_read_is_refused(script):
    with pytest.raises(ScriptError):
        faults(script)
