"""The link's bounds: repeats, busy printers, foreign replies and SEQ numbers.

The port here is a scripted one on virtual time, because what is tested is time itself: each read
either brings bytes or lets the asked-for seconds pass."""

from itertools import pairwise

import pytest

from drivers.conformance.samples import MemoryJournal
from drivers.errors import DeviceRefused, DeviceUnavailable, FrameError
from drivers.fiscal.isl.frame import FrameDecoder, encode_reply
from drivers.fiscal.isl.link import IslLink, LinkTiming
from drivers.fiscal.isl.sequence import BLOCK, JOURNAL_KEY, SequenceCounter

STATUS = bytes.fromhex("80808080869a")
SILENCE = object()
ALL = frozenset(range(0x20, 0x80))


class ScriptedPort:
    """Answers each written frame with the next entry of a script."""

    def __init__(self, *answers):
        self.now = 0.0
        self.written = []
        self._answers = list(answers)
        self._pending = []

    def write(self, data):
        (request,) = FrameDecoder().feed(data)
        self.written.append(request)
        answer = self._answers.pop(0) if self._answers else SILENCE
        if answer is not SILENCE:
            parts = answer(request) if callable(answer) else answer
            self._pending += [parts] if isinstance(parts, bytes) else list(parts)

    def read(self, _max_bytes, timeout_s):
        if not self._pending:
            self.now += timeout_s
            return b""
        self.now += 0.06
        return self._pending.pop(0)

    def close(self):
        pass

    def clock(self):
        return self.now


def reply(request, seq=None, cmd=None, data=b"ok"):
    return encode_reply(seq or request.seq, cmd or request.cmd, data, STATUS)


def damaged(frame):
    return frame[:-2] + bytes((frame[-2] ^ 1,)) + frame[-1:]


def link_on(port, journal=None, **timing):
    sequence = SequenceCounter()
    if journal is not None:
        sequence.bind(journal)
    link = IslLink(port, sequence, LinkTiming(**timing), port.clock)
    link.permit(ALL)
    return link


def test_an_answer_is_the_answer():
    port = ScriptedPort(reply)
    assert link_on(port).exchange(58, b"x").data == b"ok"


@pytest.mark.parametrize("lost", [1, 3, 4])
def test_silence_repeats_the_very_same_frame(lost):
    port = ScriptedPort(*[SILENCE] * lost, reply)
    link = link_on(port)
    link.exchange(58, b"x")
    assert len(set(port.written)) == 1
    assert len(port.written) == lost + 1
    assert link.counters.resent == lost
    assert port.now == pytest.approx(0.5 * lost, abs=0.2)


def test_the_repeats_are_bounded():
    port = ScriptedPort()
    with pytest.raises(DeviceUnavailable) as caught:
        link_on(port).exchange(58)
    assert caught.value.code == "no_reply"
    assert len(port.written) == 5


def test_nak_repeats_at_once_and_within_the_bound():
    port = ScriptedPort(b"\x15", b"\x15", reply)
    link_on(port).exchange(58)
    assert len(port.written) == 3
    assert port.now < 0.5
    with pytest.raises(DeviceUnavailable):
        link_on(ScriptedPort(*[b"\x15"] * 50)).exchange(58)


def test_a_busy_printer_is_waited_for():
    busy = [b"\x16"] * 333  # 20 s at one each 60 ms
    port = ScriptedPort(lambda request: [*busy, reply(request)])
    link = link_on(port)
    assert link.exchange(69).data == b"ok"
    assert len(port.written) == 1
    assert link.counters.syns == 333


def test_a_printer_that_is_busy_for_ever_is_given_up():
    port = ScriptedPort([b"\x16"] * 100_000)
    with pytest.raises(DeviceUnavailable):
        link_on(port, max_busy_s=60.0).exchange(58)
    assert port.now < 65


def test_foreign_replies_and_echoes_are_not_taken():
    def confusion(request):
        other_seq = 0x20 + (request.seq - 0x20 + 1) % 96
        return [
            reply(request, seq=other_seq, data=b"wrong seq"),
            reply(request, cmd=57, data=b"wrong cmd"),
            bytes.fromhex("01 24 20 4A 05 30 30 39 33 03"),
            damaged(reply(request, data=b"bad")),
            reply(request, data=b"right"),
        ]

    link = link_on(ScriptedPort(confusion))
    assert link.exchange(58).data == b"right"
    assert (link.counters.foreign, link.counters.echoes, link.counters.rejected) == (2, 1, 1)


def test_a_money_command_answered_with_an_old_reply_is_never_sent_under_a_new_seq():
    port = ScriptedPort(*[lambda request: reply(request, cmd=57)] * 20)
    with pytest.raises(DeviceUnavailable):
        link_on(port).exchange(58)
    assert len({request.seq for request in port.written}) == 1


def test_status_steps_over_a_seq_the_printer_remembers():
    port = ScriptedPort(lambda request: reply(request, cmd=58), reply)
    assert link_on(port).exchange(74).cmd == 74
    assert port.written[0].seq != port.written[1].seq


def test_before_detection_only_74_and_90_go_out():
    port = ScriptedPort(*[reply] * 300)
    link = IslLink(port, SequenceCounter(), clock=port.clock)
    for cmd in set(range(0x20, 0x100)) - {74, 90}:
        with pytest.raises(DeviceRefused):
            link.exchange(cmd)
    assert port.written == []
    link.exchange(74)
    link.exchange(90)
    assert [request.cmd for request in port.written] == [74, 90]


def test_too_much_data_never_reaches_the_wire():
    port = ScriptedPort(reply)
    with pytest.raises(FrameError):
        link_on(port).exchange(54, b"x" * 214)
    assert port.written == []


def test_two_commands_in_a_row_never_share_a_seq_not_even_after_a_restart():
    journal = MemoryJournal()
    used = []
    for run in range(60):
        port = ScriptedPort(*[reply] * 40)
        link = link_on(port, journal)
        for _ in range(run % 35 + 1):
            link.exchange(58)
        used += [request.seq for request in port.written]
    assert all(first != second for first, second in pairwise(used))
    assert set(used) <= set(range(0x20, 0x80))


def test_a_seq_is_reserved_on_disk_before_it_is_written():
    journal = MemoryJournal()
    seen = []

    class Watched(ScriptedPort):
        def write(self, data):
            seen.append(int(journal.values[JOURNAL_KEY]))
            super().write(data)

    link = link_on(Watched(*[reply] * 100), journal)
    for number in range(100):
        link.exchange(58)
        assert seen[-1] > number
    assert journal.puts == -(-100 // BLOCK)


def test_a_journal_that_cannot_store_stops_the_command():
    class Full(MemoryJournal):
        def put(self, _key, _value):
            raise OSError("disk full")

    port = ScriptedPort(reply)
    with pytest.raises(OSError, match="disk full"):
        link_on(port, Full()).exchange(58)
    assert port.written == []


def test_binding_after_unbound_commands_keeps_them_apart():
    for stored in range(96):
        journal = MemoryJournal()
        journal.put(JOURNAL_KEY, str(stored))
        sequence = SequenceCounter()
        before = sequence.next()
        sequence.bind(journal)
        assert sequence.next() != before
