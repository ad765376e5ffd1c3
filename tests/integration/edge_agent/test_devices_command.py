"""`edge-agent devices` on emulated devices, as a process: what it says and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.emulated_receipts import emulated_receipts
from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.wire import open_endpoint

PATIENCE_S = 60


def devices(*arguments: str, typed: str = "") -> tuple[int, str]:
    """Exit code and everything said."""
    command = [sys.executable, "-m", "edge_agent", "devices", *arguments]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout + done.stderr


def settings(folder: Path, *sections: str) -> list[str]:
    path = folder / "agent.toml"
    path.write_text("\n".join(('data_dir = "state"', *sections)), encoding="utf-8")
    return ["--config", str(path)]


def test_the_list_names_settings_ports_and_drivers(tmp_path: Path) -> None:
    given = settings(tmp_path, '[printer]\ndriver = "fiscal.shtrih"\nurl = "tcp:127.0.0.1:9"')
    code, said = devices("list", "--json", *given)
    found = json.loads(said)
    assert code == 0
    assert found["devices"] == [
        {"section": "printer", "driver": "fiscal.shtrih", "url": "tcp:127.0.0.1:9"}
    ]
    assert {"name": "receipt.escpos", "kind": "receipt_printer"} in found["drivers"]
    assert devices("list", *given)[1].startswith("devices:\n  printer  fiscal.shtrih")


def test_a_printer_says_who_and_how_it_is_and_nothing_is_printed(tmp_path: Path) -> None:
    with emulated_printer(tmp_path, "tcp") as bench:
        known = ("--driver", "fiscal.datecs_ua", "--url", bench.emulator.url)
        assert devices("test", *known) == (
            0,
            "ok    device     FP-700 ПБ40012345 3000012345, paper ok\n",
        )
        bench.emulator.send("paper_out")
        code, said = devices("test", *known)
        assert code == 1
        assert "paper out" in said
        assert "→ put paper in" in said
        wrong = ("--driver", "fiscal.datecs_p", "--url", bench.emulator.url)
        code, said = devices("test", *wrong)
        assert code == 1
        assert "→ another maker's device, or other firmware: correct driver" in said
        code, said = devices("console", *known, typed="info\nnonsense\nstatus\nquit\n")
        assert code == 0
        assert "model='FP-700'" in said
        assert "paper='out'" in said
        assert bench.emulator.documents() == []


def test_a_port_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    gone = f"serial:{tmp_path / 'nothing'}"
    code, said = devices("test", "--driver", "scanner.serial", "--url", gone)
    assert code == 1
    assert "serial ports here:" in said


def test_a_test_slip_has_every_letter(tmp_path: Path) -> None:
    with emulated_receipts(tmp_path) as bench:
        known = ("--driver", "receipt.escpos", "--url", bench.emulator.url)
        code, said = devices("test", "--print", *known)
        assert (code, bench.slips()) == (0, 1), said
        assert "test slip: printed" in said
        assert bench.last_lines()[1].startswith("АБВГ")
        assert "?" not in "".join(bench.last_lines())


def test_a_scan_is_shown(tmp_path: Path) -> None:
    emulator = ScannerEmulator("scanner", open_endpoint(str(tmp_path / "scanner")))
    try:
        given = settings(tmp_path, f'[scanner]\ndriver = "scanner.serial"\nurl = "{emulator.url}"')
        assert devices("test", *given)[0] == 0
        command = [sys.executable, "-m", "edge_agent", "devices", "console", "scanner"]
        with subprocess.Popen(
            [*command, "--count", "1", *given], stdout=subprocess.PIPE, text=True
        ) as console:
            # What is scanned before the port is open is lost, so it is scanned until it is seen.
            while console.poll() is None:
                emulator.send("scan ]E04820000000017; wait 200")
            assert console.stdout is not None
            said = console.stdout.read()
        assert console.returncode == 0
        assert "]E0" in said
        assert "4820000000017" in said
    finally:
        emulator.close()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("test", "--driver", "fiscal.shtrih"), "belong together"),
        (("console",), "no settings file"),
        (("test", "--driver", "fiscal.nobody", "--url", "tcp:127.0.0.1:9"), "no driver"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOYALTY_EDGE_CONFIG", raising=False)
    code, said = devices(*arguments)
    assert code == 1
    assert reason in said
