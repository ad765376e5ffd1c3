"""What is believed, what counts as one presentation, and which settings are refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.errors import BadDeviceUrl
from drivers.registry import BadDriverOption
from drivers.scanner.camera.driver import CameraReport
from drivers.scanner.camera.options import CameraOptions, camera_options, parse_place
from drivers.scanner.camera.presence import Presence
from drivers.scanner.camera.symbology import has_gtin_check, symbology_named
from drivers.scanner.camera.votes import Reading, Votes
from edge_agent.commands.check_config import device_problems
from edge_agent.config import load_settings
from edge_agent.doctor.camera import camera_advice

EAN, OTHER = "4820000000000", "2041813002834"
KEY = ("gtin", EAN)


def ean(text: str, way: str, is_sure: bool = False) -> Reading:
    return Reading("ean13", text, "]E0", way, (10, 10, 200, 60), is_sure)


def test_one_way_of_looking_at_an_ean_is_not_believed_and_two_are() -> None:
    votes = Votes()
    assert votes.add(ean(EAN, "zbar:clahe"), 1, 0.0) is None
    assert votes.add(ean(EAN, "opencv:clahe"), 1, 0.1) is not None


def test_the_same_picture_cannot_vote_twice_in_the_same_way() -> None:
    votes = Votes()
    assert all(votes.add(ean(EAN, "zbar:clahe"), 1, t / 10) is None for t in range(10))
    assert votes.add(ean(EAN, "zbar:clahe"), 2, 1.1) is None
    assert votes.add(ean(EAN, "zbar:clahe"), 3, 1.2) is not None


def test_a_rival_value_at_the_same_place_asks_for_a_lead() -> None:
    votes = Votes()
    votes.add(ean(OTHER, "zbar:clahe"), 1, 0.0)
    assert votes.add(ean(EAN, "opencv:clahe"), 1, 0.0) is None
    assert votes.add(ean(EAN, "zxing:clahe"), 1, 0.0) is None
    assert votes.add(ean(EAN, "zxing:large"), 1, 0.0) is not None


def test_old_votes_are_forgotten() -> None:
    votes = Votes()
    votes.add(ean(EAN, "zbar:clahe"), 1, 0.0)
    assert votes.add(ean(EAN, "opencv:clahe"), 1, 5.0) is None


def test_a_qr_and_a_sure_ean_are_believed_at_once_and_a_upc_a_is_its_ean() -> None:
    votes = Votes()
    assert votes.add(Reading("qr", "LC1:A", "]Q1", "zbar:clahe"), 1, 0.0) is not None
    assert votes.add(ean(EAN, "zxing:plain", is_sure=True), 1, 0.0) is not None
    votes = Votes()
    upc = Reading("upca", "036000291452", "]E0", "zxing:clahe")
    assert votes.add(upc, 1, 0.0) is None
    assert votes.add(ean("0036000291452", "zbar:clahe"), 1, 0.0) is not None


def test_a_code_held_for_a_minute_is_one_event() -> None:
    presence, events = Presence(), 0
    for frame in range(900):
        now_s = frame / 15
        if frame % 5:  # every fifth look misses it
            events += presence.arrived(KEY, now_s)
        presence.looked({KEY} if frame % 5 else set(), now_s)
    assert events == 1


def test_taken_away_and_shown_again_is_two_and_another_code_counts_at_once() -> None:
    presence = Presence()
    assert presence.arrived(KEY, 0.0)
    assert presence.arrived(("qr", "LC1:B"), 0.05)
    for frame in range(1, 14):
        presence.looked(set(), frame / 15)
    assert presence.arrived(KEY, 1.0)


def test_a_camera_that_stood_still_proves_no_absence() -> None:
    presence = Presence()
    presence.arrived(KEY, 0.0)
    presence.looked(set(), 60.0)
    assert not presence.arrived(KEY, 60.1)


def test_scan_again_tells_it_once_more() -> None:
    presence = Presence()
    presence.arrived(KEY, 0.0)
    presence.forget()
    assert presence.arrived(KEY, 0.1)


@pytest.mark.parametrize(
    ("digits", "is_right"),
    [("4006381333931", True), ("4006381333932", False), ("96385074", True), ("12", False)],
)
def test_check_digits(digits: str, is_right: bool) -> None:
    assert has_gtin_check(digits) is is_right


@pytest.mark.parametrize(
    ("written", "name"),
    [("EAN-13", "ean13"), ("QR Code", "qr"), ("Interleaved 2 of 5", "itf"), ("PDF417", "pdf417")],
)
def test_kinds_are_known_however_they_are_written(written: str, name: str) -> None:
    found = symbology_named(written)
    assert found is not None
    assert found.name == name


def test_a_kind_that_nobody_knows() -> None:
    assert symbology_named("Royal Mail") is None


@pytest.mark.parametrize(
    "url",
    ["", "0", "ftp://x/y", "http:///x", "device:", "http://h:99999/x", "folder:\n", "x" * 301],
)
def test_an_address_that_is_no_camera_is_refused(url: str) -> None:
    with pytest.raises(BadDeviceUrl):
        parse_place(url)


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("formats", "ean13,telepathy", "telepathy"),
        ("formats", " , ", "at least one"),
        ("roi", "0,0,101,100", "percent"),
        ("roi", "50,50,60,10", "percent"),
        ("roi", "a,b", "percent"),
        ("fps", 0, "fps"),
        ("width", 99_999, "width"),
        ("exposure", -1, "exposure"),
    ],
)
def test_a_bad_option_is_named(option: str, value: str | int, named: str) -> None:
    with pytest.raises(BadDriverOption, match=named):
        camera_options("device:0", {option: value})


def test_options_reach_the_process_unchanged() -> None:
    options = camera_options(
        "http://127.0.0.1:1/x.mjpg", {"formats": "QR, ean-13", "roi": "5,5,50,50"}
    )
    assert CameraOptions.from_json(options.to_json()) == options
    assert options.formats == ("qr", "ean13")


def test_a_mistake_in_the_settings_is_told_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        f'data_dir = "{tmp_path}"\n[camera]\ndriver = "scanner.camera"\nurl = "device:0"\n'
        'formats = "qr,telepathy"\n'
    )
    problems = [str(each) for each in device_problems(load_settings(config))]
    assert len(problems) == 1
    assert "agent.toml:5:" in problems[0]
    assert "telepathy" in problems[0]


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (CameraReport(True, 150, 30, 110, 1, 2), ""),
        (CameraReport(True, 60, 30, 110, 1, 2), "too few frames"),
        (CameraReport(True, 150, 30, 12, 0, 80), "too dark"),
        (CameraReport(True, 150, 30, 200, 40, 0), "burnt out"),
        (CameraReport(True, 150, 3, 110, 0, 0), "focus"),
    ],
    ids=["good", "slow", "dark", "bright", "soft"],
)
def test_the_doctor_says_what_to_change(report: CameraReport, words: str) -> None:
    advice = camera_advice(report, 15)
    assert words in advice
    assert bool(words) == bool(advice)


def test_what_is_read_on_enlarged_bars_alone_is_never_believed() -> None:
    votes = Votes()
    upright = Reading("ean13", "0428812424034", "]E0", "zxing:upright")
    assert [votes.add(upright, frame, frame / 15) for frame in range(10)] == [None] * 10
    assert votes.add(replace(upright, way="opencv:clahe"), 10, 0.7) is not None
