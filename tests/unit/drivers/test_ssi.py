"""Zebra's packets: scans, answers, repeats, damage, and any split of the stream."""

from __future__ import annotations

import random

import pytest

from drivers.scanner.ssi import (
    ACK,
    DECODE_DATA,
    FROM_DECODER,
    NAK,
    RESENT,
    SYMBOLOGIES,
    SsiFramer,
    packet,
)


def code(text: str, kind: int = 0x0B, status: int = 0) -> bytes:
    return packet(DECODE_DATA, bytes([kind]) + text.encode(), FROM_DECODER, status)


def test_the_packet_of_the_manual() -> None:
    """Zebra 72E-40451: CMD_ACK is 04 D0 04 00 FF 28."""
    assert packet(ACK) == bytes.fromhex("04d00400ff28")


@pytest.mark.parametrize("kind", sorted(SYMBOLOGIES))
def test_each_type_has_its_aim_identifier(kind: int) -> None:
    heard = SsiFramer().feed(code("12345", kind))
    assert [(scan.symbology, scan.text) for scan in heard.scans] == [(SYMBOLOGIES[kind], "12345")]
    assert heard.replies == packet(ACK)


def test_a_repeat_is_answered_and_not_delivered_twice() -> None:
    framer = SsiFramer()
    assert len(framer.feed(code("4820000000017")).scans) == 1
    again = framer.feed(code("4820000000017", status=RESENT))
    assert (again.scans, again.replies) == ([], packet(ACK))
    assert framer.counters.repeats == 1


def test_the_same_code_scanned_again_is_a_scan() -> None:
    framer = SsiFramer()
    assert len(framer.feed(code("1") + code("1")).scans) == 2


def test_a_resent_packet_that_never_arrived_is_a_scan() -> None:
    framer = SsiFramer()
    framer.feed(code("1"))
    assert [scan.text for scan in framer.feed(code("2", status=RESENT)).scans] == ["2"]


@pytest.mark.parametrize("place", range(len(code("4820000000017"))))
def test_a_flipped_bit_is_never_a_scan(place: int) -> None:
    whole = bytearray(code("4820000000017"))
    whole[place] ^= 0x10
    framer = SsiFramer()
    heard = framer.feed(bytes(whole))
    framer.reset()
    assert heard.scans == []
    assert [scan.text for scan in framer.feed(code("42")).scans] == ["42"]


def test_a_wrong_checksum_is_asked_for_again() -> None:
    whole = code("12345")
    heard = SsiFramer().feed(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert heard.replies == packet(NAK, b"\x01")


def test_any_split_gives_the_same_scans() -> None:
    stream = code("4820000000017") + packet(ACK, source=FROM_DECODER) + code("]Q3https://x", 0x1C)
    for place in range(len(stream)):
        framer = SsiFramer()
        scans = framer.feed(stream[:place]).scans + framer.feed(stream[place:]).scans
        assert [(scan.symbology, scan.text) for scan in scans] == [
            ("]E0", "4820000000017"),
            ("]Q3", "https://x"),
        ]


def test_a_megabyte_of_noise_keeps_nothing() -> None:
    seed = 20261122
    framer, chance = SsiFramer(), random.Random(seed)
    scans = []
    for _ in range(256):
        scans += framer.feed(chance.randbytes(4096)).scans
    assert scans == [], f"seed {seed}"
    assert not framer.has_pending or len(framer._pending) <= 257
