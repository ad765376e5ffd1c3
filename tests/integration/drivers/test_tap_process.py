"""The tap as it runs: a process between a POS and the emulated printer, an agent beside it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drivers.conformance.emulated_receipts import emulated_receipts

RECEIPT = b"\x1b@\x1bt\x2e" + "Хліб 32,00\nСУМА 157,50\n".encode("cp1251") + b"\x1dVB\x00"
PLAIN = ["Хліб 32,00", "СУМА 157,50"]
OURS = ["Баланс: 345,50 бонуса", "Їжак ґречний"]


class Agent:
    """An HTTP server that answers like the agent; `answer` decides with what."""

    def __init__(self, answer):
        agent = self
        self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                agent.asked.append((json.loads(body), self.headers["Authorization"]))
                status, text = answer()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/tap/lines"

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def good():
    return 200, json.dumps({"lines": OURS, "qr": ""}).encode()


class Tap:
    """The supervised process."""

    def __init__(self, printer_url, *more):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        ends = ["--pos", f"tcp:127.0.0.1:{self.port}", "--printer", printer_url]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "drivers.tap", *ends, *more], stdout=subprocess.PIPE, text=True
        )
        ready = json.loads(self.process.stdout.readline())
        assert ready["pos"] == ends[1]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def worker(self):
        """Process id of the worker."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        deadline = time.monotonic() + 10
        while not (found := listed.read_text().split()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return int(found[0])

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        self.process.stdout.close()


@pytest.fixture
def running():
    """Things to close at the end, last first."""
    things = []
    yield things
    for thing in reversed(things):
        thing.close()


def sell(tap, bench, pause_s=0.0):
    """One receipt; `pause_s` is what a printer takes for the lines between total and cut."""
    before, cut = bench.slips(), RECEIPT.index(b"\x1dVB")
    with tap.connect() as pos:
        pos.sendall(RECEIPT[:cut])
        time.sleep(pause_s)
        pos.sendall(RECEIPT[cut:])
        deadline = time.monotonic() + 15
        while bench.slips() == before:
            assert time.monotonic() < deadline, "no slip came out"
            time.sleep(0.01)
    return bench.last_lines()


def test_our_lines_stand_on_the_pos_s_receipt(tmp_path, running):
    token = tmp_path / "token"
    token.write_text("secret\n", encoding="ascii")
    running.append(agent := Agent(good))
    with emulated_receipts(tmp_path) as bench:
        running.append(tap := Tap(bench.emulator.url, "--agent", agent.url, "--token-file", token))
        # The first question may come while the worker is still importing, or the machine be slow.
        for pause_s in (0.0, 0.2, 1.0, 3.0, 9.0):
            lines = sell(tap, bench, pause_s)
            if lines != PLAIN:
                break
        receipts = bench.slips()
        running.pop().close()
    assert lines == PLAIN + OURS
    said, authorisation = agent.asked[0]
    assert authorisation == "Bearer secret"
    assert (said["total_minor"], said["width"]) == (15_750, 48)
    assert len({question["receipt"] for question, _ in agent.asked}) == receipts


SICK = {
    "500": lambda: (500, b"{}"),
    "no json": lambda: (200, b"not json"),
    "no list": lambda: (200, b'{"lines": "one"}'),
    "too long": lambda: (200, b'{"lines": ["' + b"x" * 20_000 + b'"]}'),
    "slow": lambda: (time.sleep(0.5), (200, b"{}"))[1],
}


def test_a_sick_agent_leaves_the_receipt_as_it_is(tmp_path, running):
    answers = iter(SICK.values())
    running.append(agent := Agent(lambda: next(answers)()))
    with emulated_receipts(tmp_path) as bench:
        running.append(tap := Tap(bench.emulator.url, "--agent", agent.url))
        for illness in SICK:
            assert sell(tap, bench) == PLAIN, illness
        running.pop().close()
    assert len(agent.asked) == len(SICK)


def test_a_dead_agent_leaves_the_receipt_as_it_is(tmp_path, running):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with emulated_receipts(tmp_path) as bench:
        running.append(tap := Tap(bench.emulator.url, "--agent", f"http://127.0.0.1:{port}/x"))
        assert sell(tap, bench) == PLAIN
        running.pop().close()


def test_the_printer_s_answers_come_through(tmp_path, running):
    with emulated_receipts(tmp_path) as bench:
        running.append(tap := Tap(bench.emulator.url))
        bench.emulator.send("paper_low")
        with tap.connect() as pos:
            pos.sendall(b"\x10\x04\x04")
            assert pos.recv(16) == b"\x1e"
            pos.sendall(b"\x1dr\x01")
            assert pos.recv(16) == b"\x03"
        running.pop().close()


def test_a_killed_tap_is_back_and_no_connection_is_refused(tmp_path, running):
    with emulated_receipts(tmp_path) as bench:
        running.append(tap := Tap(bench.emulator.url))
        for _ in range(2):
            assert sell(tap, bench) == PLAIN
            os.kill(tap.worker(), signal.SIGKILL)
        assert sell(tap, bench) == PLAIN
        running.pop().close()


def test_what_was_sent_before_the_kill_is_at_the_printer_already(tmp_path, running):
    """Nothing is kept back, so a tap that dies in a receipt has lost no line of it."""
    with emulated_receipts(tmp_path) as bench:
        running.append(tap := Tap(bench.emulator.url))
        with tap.connect() as pos:
            pos.sendall(RECEIPT[: RECEIPT.index(b"\x1dVB")])
            deadline = time.monotonic() + 10
            while not bench.emulator.documents() or len(bench.emulator.documents()[-1].lines()) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            os.kill(tap.worker(), signal.SIGKILL)
        assert bench.emulator.documents()[-1].lines() == PLAIN
        running.pop().close()


def test_serial_on_both_sides(tmp_path):
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    with emulated_receipts(tmp_path, "pty") as bench:
        ends = ["--pos", f"serial:{os.ttyname(slave)}", "--printer", bench.emulator.url]
        process = subprocess.Popen([sys.executable, "-m", "drivers.tap", *ends])
        try:
            deadline, answer = time.monotonic() + 15, b""
            while not answer:  # what is written before the tap has its port is lost
                assert time.monotonic() < deadline
                os.write(master, b"\x10\x04\x01")
                time.sleep(0.1)
                with contextlib.suppress(BlockingIOError):
                    answer += os.read(master, 64)
            assert set(answer) == {0x12}
            os.write(master, RECEIPT)
            while not bench.slips():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert bench.last_lines() == PLAIN
        finally:
            process.terminate()
            process.wait(10)
            os.close(master)
            os.close(slave)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--pos", "tcp:127.0.0.1:9", "--printer", "nonsense"],
        ["--pos", "usb:1", "--printer", "tcp:127.0.0.1:9"],
        [
            "--pos",
            "tcp:127.0.0.1:9",
            "--printer",
            "tcp:127.0.0.1:9",
            "--agent",
            "http://example.com/",
        ],
        ["--pos", "tcp:127.0.0.1:9", "--printer", "tcp:127.0.0.1:9", "--columns", "4"],
    ],
)
def test_what_cannot_be_read_is_said(arguments, capsys):
    from drivers.tap.cli import main

    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("tap: ")
