"""`edge-emulator` as a program: its ready line, its control server, its scripts, its end."""

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.registry import open_fiscal_printer, open_scanner
from loyalty.receipt import ReceiptText

PROGRAM = [
    sys.executable,
    "-c",
    "import sys; from drivers.emulators.cli import main; sys.exit(main())",
]
ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("EDGE_EMULATOR_CONTROL", None)

BENCH = """
[[device]]
name = "scanner"
kind = "scanner"
link = "scanner"
[[device]]
name = "printer"
kind = "printer"
tcp = "127.0.0.1:0"
delay_ms = 0
paper_dir = "paper"
fiscal_number = "3000099999"
"""


@contextmanager
def running(*arguments, cwd):
    process = subprocess.Popen(
        [*PROGRAM, *arguments], cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest == ""


def send(*arguments, cwd, **environment):
    return subprocess.run(
        [*PROGRAM, "send", *arguments],
        cwd=cwd,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def get(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.headers["Content-Type"], response.read()


def post(url, body, content_type="application/json", host=None):
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    if host:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_whole_bench(tmp_path):
    (tmp_path / "bench.toml").write_text(BENCH, encoding="utf-8")
    with running("run", "bench.toml", cwd=tmp_path) as ready:
        assert ready["event"] == "ready"
        control, devices = ready["control"], ready["devices"]
        scanner = open_scanner("scanner.serial", devices["scanner"]["url"], {})
        assert send("scanner", "scan ]E00420000000017", cwd=tmp_path).returncode == 0
        assert scanner.read_scan(10).text == "0420000000017"
        scanner.close()

        printer = open_fiscal_printer("fiscal.datecs_ua", devices["printer"]["url"], {})
        assert printer.info().fiscal_number == "3000099999"
        text = ReceiptText(("Дякуємо!",), ("Купон",), "https://l.ua/a1")
        job = sample_job(text=text)
        assert printer.print_receipt(job, MemoryJournal()).verdict == "printed"
        printer.close()

        base = f"{control}/devices/printer"
        receipts = json.loads(get(f"{base}/receipts")[1])
        assert [r["kind"] for r in receipts] == ["sale", "nonfiscal"]
        assert receipts[0]["total_minor"] == job.document.payable_minor
        assert receipts[0]["fiscal_number"] == "1"
        assert "Дякуємо!" in receipts[0]["lines"]
        assert len(json.loads(get(f"{base}/receipts?last=1")[1])) == 1
        assert "ФІСКАЛЬНИЙ ЧЕК" in get(f"{base}/paper")[1].decode()
        kind, png = get(f"{base}/receipts/2.png")
        assert (kind, png[:4]) == ("image/png", b"\x89PNG")
        frames = json.loads(get(f"{base}/frames")[1])
        assert frames[0] == {"direction": ">", "hex": frames[0]["hex"]}
        assert frames[0]["hex"].startswith("01 24")
        listed = json.loads(get(f"{control}/devices")[1])
        assert listed["printer"]["counters"]["sales"] == 1
        assert listed["scanner"]["scans_sent"] == 1
        page = get(control)[1].decode()
        assert "Стенд емуляторів" in page
        assert "http" not in page.replace('xmlns="http', "")
    assert not (tmp_path / "bench.toml.control").exists()
    assert not (tmp_path / "scanner").is_symlink()
    assert "ФІСКАЛЬНИЙ ЧЕК" in (tmp_path / "paper" / "paper.txt").read_text(encoding="utf-8")


def test_the_control_server_refuses_what_it_should(tmp_path):
    with running("printer", "--pty", "p", "--delay-ms", "0", cwd=tmp_path) as ready:
        control = ready["control"]
        url = f"{control}/devices/printer/send"
        assert post(url, b'{"script": "paper_out"}') == 200
        assert post(url, b'{"script": "paper_out"}', "text/plain") == 415
        assert post(url, b'{"script": "paper_out"}', host="evil.example") == 403
        assert post(url, b'{"script": "explode"}') == 400
        assert post(url, b'{"script": 1}') == 400
        assert post(url, b"[]") == 400
        assert post(url, b"{") == 400
        assert post(url, b" " * 200_000) == 413
        assert post(f"{control}/devices/nobody/send", b'{"script": "nak"}') == 404
        assert post(f"{control}/devices/printer/paper", b"{}") == 404
        for path in ("/devices/nobody/paper", "/devices/printer/receipts/1.png", "/etc/passwd"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                get(control + path)
            with caught.value as error:
                assert error.code == 404
        connection = http.client.HTTPConnection(control.removeprefix("http://"), timeout=20)
        connection.request("GET", "/devices", headers={"Host": "127.0.0.1.evil.example"})
        assert connection.getresponse().status == 403
        connection.close()


def test_send_finds_the_bench_by_option_environment_or_file(tmp_path):
    with running("scanner", "--tcp", "127.0.0.1:0", "--name", "s1", cwd=tmp_path) as ready:
        control = ready["control"]
        assert send("s1", "scan 1", "--control", control, cwd=tmp_path).returncode == 0
        named = {"EDGE_EMULATOR_CONTROL": control}
        assert send("s1", "scan 1", cwd=tmp_path, **named).returncode == 0
        assert send("s1", "beep", cwd=tmp_path, **named).returncode == 1
        lost = send("s1", "scan 1", cwd=tmp_path)
        assert lost.returncode == 2
        assert "--control" in lost.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "missing.toml"], "missing.toml"),
        (["printer", "--pty", "p", "--dialect", "x"], "dialect"),
        (["scanner", "--tcp", "nowhere"], "HOST:PORT"),
    ],
)
def test_what_cannot_run_says_why(tmp_path, arguments, word):
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
