"""Scans come out the same however the bytes were split, and garbage never breaks the reader."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.scanner.framer import TERMINATORS, ScanFramer

codes = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="]"),
    min_size=1,
    max_size=40,
)
prefixes = st.sampled_from(["", "]E0", "]C1", "]Q3", "]d2"])
ends = st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03"])


@given(st.lists(st.tuples(prefixes, codes, ends), min_size=1, max_size=6), st.data())
def test_split_at_every_position(parts, draw):
    wire = b"".join(prefix.encode() + code.encode() + end for prefix, code, end in parts)
    expected = [(prefix, code) for prefix, code, _end in parts]
    cut = draw.draw(st.integers(0, len(wire)))
    framer = ScanFramer()
    scans = framer.feed(wire[:cut]) + framer.feed(wire[cut:])
    assert [(scan.symbology, scan.text) for scan in scans] == expected
    one_by_one = ScanFramer()
    scans = [scan for byte in wire for scan in one_by_one.feed(bytes((byte,)))]
    assert [(scan.symbology, scan.text) for scan in scans] == expected


@given(st.binary(max_size=300), codes)
def test_after_any_noise_a_terminator_brings_the_reader_back(noise, code):
    framer = ScanFramer()
    framer.feed(noise)
    framer.feed(b"\r")
    assert [scan.text for scan in framer.feed(code.encode() + b"\r")] == [code]


@given(st.binary(max_size=500))
def test_what_comes_out_is_printable_text(noise):
    for scan in ScanFramer().feed(noise + b"\r"):
        assert scan.text
        assert not set(scan.text.encode()) & TERMINATORS
        assert all(ord(character) >= 0x20 or character == "\x1d" for character in scan.text)
