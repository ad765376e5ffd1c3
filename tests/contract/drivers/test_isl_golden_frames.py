"""ISL frames byte for byte: what vendors and logs show is what the codec makes and reads."""

from pathlib import Path

import pytest

from drivers.errors import FrameError
from drivers.fiscal.datecs_ua.commands import (
    open_data,
    parse_counters,
    parse_transaction,
    payment_data,
    sale_data,
)
from drivers.fiscal.datecs_ua.status import decode_status
from drivers.fiscal.isl.frame import (
    MAX_REQUEST_DATA,
    FrameDecoder,
    Nak,
    Rejected,
    Reply,
    Request,
    Syn,
    encode_reply,
    encode_request,
)
from drivers.fiscal.printer_text import encode

FILE = Path(__file__).parents[2] / "data" / "drivers" / "isl_frames.txt"


def _frames():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if not line.startswith("#")]
    return {name: bytes.fromhex(hexed) for name, hexed, _source in rows}


FRAMES = _frames()
ALL = [pytest.param(frame, id=name) for name, frame in FRAMES.items()]


def decode(data):
    return FrameDecoder().feed(data)


def encode_again(event):
    if isinstance(event, Reply):
        return encode_reply(event.seq, event.cmd, event.data, event.status)
    return encode_request(event.seq, event.cmd, event.data)


def test_the_whole_collection_is_here():
    assert len(FRAMES) == 49
    assert len([name for name in FRAMES if name.startswith("G")]) == 7


@pytest.mark.parametrize("frame", ALL)
def test_decoded_and_encoded_again_it_is_the_same(frame):
    (event,) = decode(frame)
    assert isinstance(event, Request | Reply)
    assert encode_again(event) == frame


@pytest.mark.parametrize("frame", ALL)
def test_one_byte_at_a_time(frame):
    decoder = FrameDecoder()
    events = [event for byte in frame for event in decoder.feed(bytes((byte,)))]
    assert events == decode(frame)


@pytest.mark.parametrize("frame", ALL)
def test_split_anywhere(frame):
    for cut in range(1, len(frame)):
        decoder = FrameDecoder()
        assert decoder.feed(frame[:cut]) + decoder.feed(frame[cut:]) == decode(frame)


@pytest.mark.parametrize("frame", ALL)
def test_glued_to_another_frame(frame):
    other = FRAMES["G5 reply 4Ch, SEQ 2D"]
    assert decode(frame + other) == decode(frame) + decode(other)


@pytest.mark.parametrize("frame", ALL)
def test_behind_garbage_and_busy_bytes(frame):
    for garbage in (b"\x00", b"\xff" * 64, b"AT\r\n", bytes(range(0x17, 0x57))):
        assert decode(garbage + frame)[-1:] == decode(frame)
    assert decode(b"\x16" * 40 + b"\x15" + frame) == [Syn()] * 40 + [Nak()] + decode(frame)


@pytest.mark.parametrize("frame", ALL)
def test_every_wrong_check_byte_is_rejected(frame):
    for place in range(len(frame) - 5, len(frame) - 1):
        damaged = bytearray(frame)
        damaged[place] ^= 0x01
        assert decode(bytes(damaged)) == [Rejected("bcc")]


def test_fields_of_the_golden_replies():
    (reply,) = decode(FRAMES["G5 reply 4Ch, SEQ 2D"])
    assert (reply.seq, reply.cmd, reply.status.hex()) == (0x2D, 76, "80808880869a")
    transaction = parse_transaction(reply.data)
    assert (transaction.is_open, transaction.amount_minor, transaction.paid_minor) == (
        True,
        3000,
        3000,
    )
    (clock,) = decode(FRAMES["G7 reply 3Eh clock, SEQ 2C"])
    assert clock.data == b"03-10-19 09:55:53"


def test_the_driver_makes_the_worked_frames_of_its_dialect():
    worked = {
        'UA 58 sale "101*2.000#12.50"': encode_request(0x29, 58, sale_data(101, 2000, 1250)),
        '53 total "<TAB>P100.00"': encode_request(0x2B, 53, payment_data("P", 10_000)),
        'BG 48 open fiscal "1,0000,1"': encode_request(0x2F, 48, open_data(1, "0000", 1)),
        '54 "Ваш баланс: 312 балів"': encode_request(0x28, 54, encode("Ваш баланс: 312 балів")),
        '42 "Їжак ґ є і" cp1251': encode_request(0x25, 42, encode("Їжак ґ є і")),
        "113 last document": encode_request(0x38, 113),
        "UA 57 cancel": encode_request(0x2D, 57),
    }
    for name, made in worked.items():
        assert made == FRAMES[name], name


def test_counters_of_the_worked_reply():
    (reply,) = decode(FRAMES['reply 113 UA "0000123,0000045,0000001,0000168"'])
    counters = parse_counters(reply.data)
    assert (counters.documents, counters.sales, counters.refunds, counters.printed) == (
        123,
        45,
        1,
        168,
    )


@pytest.mark.parametrize(
    ("name", "reason", "fiscal_open"),
    [
        ("reply 54 ok, fiscal open (S2.3)", "", True),
        ("reply 54 ok, paper low (S2.1) + fiscal open", "", True),
        ("reply 54 rejected: not allowed (S0.5,S1.1)", "not_allowed", False),
        ("reply 54 rejected: paper out (S0.5,S2.0; SW byte C0)", "paper_out", False),
    ],
)
def test_status_of_the_worked_replies(name, reason, fiscal_open):
    (reply,) = decode(FRAMES[name])
    status = decode_status(reply.status)
    assert (status.reason, status.fiscal_open) == (reason, fiscal_open)
    assert status.refused == bool(reason)


def test_a_length_one_too_small_under_a_right_check_is_taken_with_a_warning():
    good = FRAMES["G7 reply 3Eh clock, SEQ 2C"]
    body = bytes((good[1] - 1,)) + good[2:-5]
    nibbles = bytes(0x30 + (sum(body) >> shift & 0xF) for shift in (12, 8, 4, 0))
    (reply,) = decode(b"\x01" + body + nibbles + b"\x03")
    assert reply.length_warning
    assert reply.data == b"03-10-19 09:55:53"


def test_a_length_two_off_is_rejected():
    good = FRAMES["G7 reply 3Eh clock, SEQ 2C"]
    body = bytes((good[1] - 2,)) + good[2:-5]
    nibbles = bytes(0x30 + (sum(body) >> shift & 0xF) for shift in (12, 8, 4, 0))
    assert decode(b"\x01" + body + nibbles + b"\x03") == [Rejected("length")]


def test_a_cut_frame_is_rejected_and_the_next_one_read():
    whole = FRAMES["G5 reply 4Ch, SEQ 2D"]
    assert decode(whole[:20] + whole) == [Rejected("truncated"), *decode(whole)]


def test_a_frame_that_never_ends_is_dropped():
    events = decode(b"\x01" + b"A" * 1000)
    assert events == [Rejected("overlong")]


def test_control_bytes_travel_escaped():
    data = bytes(range(0x20)) + b"text"
    frame = encode_request(0x20, 54, data)
    assert frame.count(b"\x01") == 1
    assert frame.count(b"\x03") == 1
    assert decode(frame) == [Request(0x20, 54, data)]


def test_data_that_would_overflow_the_length_is_refused_before_the_wire():
    encode_request(0x20, 54, b"x" * MAX_REQUEST_DATA)
    for data in (b"x" * (MAX_REQUEST_DATA + 1), b"\x00" * (MAX_REQUEST_DATA // 2 + 1)):
        with pytest.raises(FrameError) as caught:
            encode_request(0x20, 54, data)
        assert caught.value.code == "data_too_long"
    for seq in (0x1F, 0x80):
        with pytest.raises(FrameError):
            encode_request(seq, 54)
