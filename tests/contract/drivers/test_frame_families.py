"""Published frames of every protocol, byte for byte in both directions, and damaged at random."""

import random

import pytest

from tests.support.frame_families import FAMILIES, survives
from tests.support.seeds import fresh_seed

CASES = [
    pytest.param(family, frame, id=f"{family.name}: {name}")
    for family in FAMILIES.values()
    if family.name != "isl"  # test_isl_golden_frames.py
    for name, frame in family.frames().items()
]
COUNTS = {"isl": 49, "isl_x": 13, "atol": 10, "maria": 10, "maria_crc": 10, "shtrih": 12}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_whole_collection_is_here(family):
    assert len(family.frames()) == COUNTS[family.name]


def events_of(family, frame):
    return [event for event in family.decode(frame) if family.encode_again(event)]


@pytest.mark.parametrize(("family", "frame"), CASES)
def test_decoded_and_encoded_again_it_is_the_same(family, frame):
    (event,) = family.decode(frame)
    assert family.encode_again(event) == frame


@pytest.mark.parametrize(("family", "frame"), CASES)
def test_in_pieces_and_glued(family, frame):
    whole = family.decode(frame)
    assert all(family.decode(frame, piece) == whole for piece in (1, 2, 3, 7))
    for other in list(family.frames().values())[:4]:
        assert family.decode(frame + other) == whole + family.decode(other)


@pytest.mark.parametrize(("family", "frame"), CASES)
def test_behind_garbage(family, frame):
    chance = random.Random(int.from_bytes(frame[:4], "big"))
    for length in (1, 2, 5, 20, 64):
        plain = bytes(chance.choices(range(0x30, 0x80), k=length))
        assert events_of(family, plain + frame) == events_of(family, frame)
        # Garbage that begins like a frame costs at most the frame behind it, never a wrong one.
        wild = chance.randbytes(length)
        for event in events_of(family, wild + frame + frame):
            assert family.encode_again(event) in wild + frame + frame


@pytest.mark.parametrize(("family", "frame"), CASES)
def test_cut_anywhere_it_is_not_taken(family, frame):
    for cut in range(1, len(frame)):
        assert not events_of(family, frame[:cut])


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_damaged_frames_are_never_taken_with_a_wrong_check(family):
    seed = fresh_seed()
    print("seed", seed)
    for frame in family.frames().values():
        survives(family, frame, random.Random(seed), 150)
