"""Wrapped lines fit and lose nothing but the spaces they were broken at."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.fiscal.printer_text import encode, printable, wrap

texts = st.text(max_size=200)


@given(texts, st.integers(1, 64))
def test_lines_fit_and_keep_every_word(text, width):
    lines = wrap(text, width)
    assert lines
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(printable(text).split())


@given(texts)
def test_text_always_encodes_without_inventing_question_marks(text):
    data = encode(text)
    assert data.count(b"?") == text.count("?")
    assert all(byte >= 0x20 and byte != 0x7F for byte in data)


@given(texts)
def test_printable_text_is_stable(text):
    assert printable(printable(text)) == printable(text)
