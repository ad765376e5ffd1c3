"""Three sounds for each vendor, and silence for every reader that is not identified."""

from __future__ import annotations

import itertools
import struct

import pytest

from drivers.scanner.signals import SIGNALS, VENDOR_IDS, signals_for
from drivers.scanner.speaker import EV_SND, SND_TONE, TONES, Speaker

KINDS = ("found", "unknown", "expired")


@pytest.mark.parametrize("vendor", sorted(SIGNALS))
def test_the_three_are_three(vendor: str) -> None:
    assert set(SIGNALS[vendor]) == set(KINDS)
    assert len(set(SIGNALS[vendor].values())) == 3


def test_what_the_manuals_say() -> None:
    assert SIGNALS["honeywell"]["found"] == bytes.fromhex("1b372c")
    assert SIGNALS["honeywell"]["unknown"] == bytes.fromhex("1b382c")
    assert SIGNALS["zebra_ssi"]["found"] == bytes.fromhex("05e6040000ff11")
    assert SIGNALS["datalogic_gryphon"]["unknown"] == b"\x1b[4q"
    assert SIGNALS["opticon"]["unknown"] == b"\x1bE\r"


def test_a_stopped_datalogic_is_always_started_again() -> None:
    for signal in SIGNALS["datalogic"].values():
        for place, byte in enumerate(signal):
            if byte == ord("F"):
                assert signal[place + 1 : place + 2] == b"E"


@pytest.mark.parametrize(
    ("choice", "vendor_id", "protocol", "vendor"),
    [
        ("auto", None, "text", None),
        ("auto", 0x1A86, "text", None),
        ("auto", 0x0C2E, "text", "honeywell"),
        ("auto", 0x23D0, "text", "honeywell"),
        ("auto", 0x05E0, "text", None),
        ("auto", 0x05E0, "ssi", "zebra_ssi"),
        ("auto", 0x05F9, "text", None),
        ("auto", 0x065A, "text", "opticon"),
        ("none", 0x0C2E, "text", None),
        ("honeywell", None, "text", "honeywell"),
        ("honeywell", 0x05E0, "text", None),
        ("datalogic_gryphon", 0x05F9, "text", "datalogic_gryphon"),
        ("zebra_ssi", 0x05E0, "text", None),
        ("zebra_ssi", None, "ssi", "zebra_ssi"),
        ("honeywell", None, "ssi", None),
    ],
)
def test_only_an_identified_reader_is_told(choice, vendor_id, protocol, vendor) -> None:
    assert signals_for(choice, vendor_id, protocol) == (SIGNALS[vendor] if vendor else None)


def test_no_vendor_id_means_two_vendors() -> None:
    for one, two in itertools.combinations(sorted(VENDOR_IDS), 2):
        if not (one.startswith("datalogic") and two.startswith("datalogic")):
            assert not VENDOR_IDS[one] & VENDOR_IDS[two]


@pytest.mark.parametrize("kind", KINDS)
def test_the_speaker_plays_each_as_tones_and_falls_silent(kind, tmp_path) -> None:
    device = tmp_path / "speaker"
    device.touch()
    pauses: list[float] = []
    assert Speaker(str(device), pauses.append).play(kind)
    events = list(struct.iter_unpack("llHHi", device.read_bytes()))
    assert {event[2:4] for event in events} == {(EV_SND, SND_TONE)}
    assert [event[4] for event in events] == [hertz for hertz, _ in TONES[kind]] + [0]
    assert sum(pauses) <= 0.25


def test_a_speaker_that_is_not_there_is_silence(tmp_path) -> None:
    assert not Speaker(str(tmp_path / "none")).play("found")
