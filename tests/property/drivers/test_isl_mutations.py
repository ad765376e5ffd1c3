"""Damaged frames: the decoder never raises and never takes one whose check is wrong."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.fiscal.isl.frame import (
    FrameDecoder,
    Rejected,
    Reply,
    Request,
    encode_reply,
    encode_request,
    escape,
    unescape,
)

commands = st.integers(0x20, 0xFF)
sequences = st.integers(0x20, 0x7F)
data = st.binary(max_size=100)
status = st.binary(min_size=6, max_size=6).map(lambda raw: bytes(byte | 0x80 for byte in raw))
requests = st.builds(encode_request, sequences, commands, data)
replies = st.builds(encode_reply, sequences, commands, data, status)
frames = requests | replies


def check_is_right(frame: bytes) -> bool:
    """The BCC by hand: four nibbles of the sum of everything between 01h and it."""
    body, nibbles = frame[1:-5], frame[-5:-1]
    value = 0
    for nibble in nibbles:
        if not 0x30 <= nibble <= 0x3F:
            return False
        value = value << 4 | nibble - 0x30
    return value == sum(body) & 0xFFFF


@given(sequences, commands, data)
def test_a_request_comes_back_as_it_was(seq, cmd, payload):
    assert FrameDecoder().feed(encode_request(seq, cmd, payload)) == [Request(seq, cmd, payload)]


@given(sequences, commands, data, status)
def test_a_reply_comes_back_as_it_was(seq, cmd, payload, flags):
    frame = encode_reply(seq, cmd, payload, flags)
    assert FrameDecoder().feed(frame) == [Reply(seq, cmd, payload, flags)]


@given(data)
def test_escaping_is_undone(payload):
    assert unescape(escape(payload)) == payload


@settings(max_examples=400)
@given(st.data(), frames)
def test_mutated_frames_are_rejected_or_have_a_right_check(draw, frame):
    damaged = bytearray(frame)
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(damaged) - 1))
        change = draw.draw(st.sampled_from(["set", "drop", "insert", "swap"]))
        if change == "set":
            damaged[place] = draw.draw(st.integers(0, 255))
        elif change == "drop" and len(damaged) > 1:
            del damaged[place]
        elif change == "insert":
            damaged.insert(place, draw.draw(st.integers(0, 255)))
        else:
            other = draw.draw(st.integers(0, len(damaged) - 1))
            damaged[place], damaged[other] = damaged[other], damaged[place]
    for event in FrameDecoder().feed(bytes(damaged)):
        if isinstance(event, Request | Reply):
            start = bytes(damaged).rindex(b"\x01")
            end = bytes(damaged).index(b"\x03", start) + 1
            assert check_is_right(bytes(damaged)[start:end])


@given(st.binary(max_size=600), st.integers(1, 50))
def test_any_bytes_in_any_pieces_give_the_same_events(noise, piece):
    whole = FrameDecoder().feed(noise)
    decoder = FrameDecoder()
    pieces = [noise[start : start + piece] for start in range(0, len(noise), piece)]
    assert [event for part in pieces for event in decoder.feed(part)] == whole


@given(st.binary(max_size=64), frames)
def test_a_frame_is_found_behind_any_garbage(garbage, frame):
    events = FrameDecoder().feed(garbage + frame)
    assert isinstance(events[-1], Request | Reply)
    assert events[-1:] == FrameDecoder().feed(frame)


@given(frames, st.data())
def test_a_cut_frame_is_never_taken(frame, draw):
    cut = draw.draw(st.integers(1, len(frame) - 1))
    assert not FrameDecoder().feed(frame[:cut])
    events = FrameDecoder().feed(frame[cut:])
    assert not [event for event in events if not isinstance(event, Rejected)]
