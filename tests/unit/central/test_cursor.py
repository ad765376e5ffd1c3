"""The feed's cursor."""

import pytest

from central.feed import parse_cursor
from sync.contract.cursor import Cursor
from sync.serving.port import Refused

LIFE = "0123456789abcdef0123456789abcdef"


def test_a_cursor_reads_back_and_an_empty_one_is_the_start():
    cursor = Cursor(LIFE, 2**63 - 1, 10**17, 7)
    assert parse_cursor(str(cursor), LIFE) == cursor
    behind_a_file = Cursor(LIFE, 700, 10**17, 0, near=(0, 0))
    assert parse_cursor(str(behind_a_file), LIFE) == behind_a_file
    assert parse_cursor("", LIFE) == Cursor(LIFE)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        LIFE,
        f"{LIFE}.1.2",
        f"{LIFE}.1.2.3.4",
        f"{LIFE}.1.2.3.4.5.6",
        f"{LIFE}.-1.2.3",
        f"{LIFE}.1.2.3\n",
        f"{LIFE}.{2**63}.1.1",
        f"{LIFE}.٣.1.1",
        f"{LIFE[::-1]}.1.2.3",
    ],
)
def test_anything_else_starts_over(text):
    with pytest.raises(Refused) as caught:
        parse_cursor(text, LIFE)
    assert (caught.value.status, caught.value.code) == (410, "cursor_gone")
