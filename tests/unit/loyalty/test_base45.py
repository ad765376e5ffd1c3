"""RFC 9285 section 4: its examples and its refusals."""

from __future__ import annotations

import random

import pytest

from loyalty import base45


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ],
)
def test_the_examples_of_the_standard(data, text):
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize("text", ["GGW", ":::", "A", "BB8A", "bb8", "ЖЖЖ", "::"])
def test_what_is_no_base45(text):
    with pytest.raises(ValueError, match=r"base|character"):
        base45.decode(text)


def test_any_bytes_come_back_and_even_parts_join():
    dice = random.Random(45)
    for size in range(80):
        data, more = dice.randbytes(size), dice.randbytes(18)
        assert base45.decode(base45.encode(data)) == data
        if size % 2 == 0:
            assert base45.encode(data) + base45.encode(more) == base45.encode(data + more)
