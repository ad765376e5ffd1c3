"""`python -m drivers.conformance --driver NAME --device URL`: the suite on a device at hand.

A fiscal driver sells: use a printer in training mode, or one whose receipts may be voided. What is
on paper is asked of the person who stands before it, for nobody else knows it without the driver.
`--record FILE` keeps what came out, which is what the level `gold` rests on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivers.conformance.fiscal_printer import FISCAL_PRINTER_CHECKS
from drivers.conformance.receipt_printer import RECEIPT_PRINTER_CHECKS
from drivers.errors import DeviceError
from drivers.registry import OptionValue, load_driver, open_printer

Ask = Callable[[str], str]


class AttendedBench:
    """A device, and a person who reads its paper."""

    def __init__(self, driver: str, url: str, options: dict[str, OptionValue], ask: Ask) -> None:
        self._driver, self._url, self._options, self._ask = driver, url, options, ask

    def open(self) -> Any:
        """A new driver on the device."""
        return open_printer(self._driver, self._url, self._options)

    def fiscal_documents(self) -> int:
        """Receipts on paper since the beginning."""
        return self._number("Receipts on paper since the beginning")

    def last_total_minor(self) -> int:
        """Sum of the newest receipt."""
        return self._number("Sum of the newest receipt, kopecks")

    def slips(self) -> int:
        """Slips cut or torn off since the beginning."""
        return self._number("Slips on paper since the beginning")

    def last_lines(self) -> list[str]:
        """The newest slip's first line, as it reads."""
        return [self._ask("First line of the newest slip: ").strip()]

    def _number(self, question: str) -> int:
        while not (said := self._ask(f"{question}: ").strip()).isdecimal():
            print("a whole number, please")
        return int(said)


def main(argv: Sequence[str] | None = None, ask: Ask = input) -> int:
    """Run every check; 0 when all hold, 1 when one does not, 2 when it could not begin."""
    parser = argparse.ArgumentParser(prog="python -m drivers.conformance", description=__doc__)
    parser.add_argument("--driver", required=True, help="name, such as fiscal.shtrih")
    parser.add_argument("--device", required=True, metavar="URL", help="address of the device")
    parser.add_argument("--options", default="{}", help="the driver's options as a JSON object")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the result here, JSON")
    arguments = parser.parse_args(argv)
    try:
        kind = load_driver(arguments.driver).kind
        options = json.loads(arguments.options)
        bench = AttendedBench(arguments.driver, arguments.device, options, ask)
        checks: Sequence[Callable[[Any], None]] = (
            RECEIPT_PRINTER_CHECKS if kind == "receipt_printer" else FISCAL_PRINTER_CHECKS
        )
        if kind == "scanner":
            raise ValueError("a reader is tried with: edge-agent devices test --scan 30")
        opened = bench.open()
        info = opened.info()
        opened.close()
    except (DeviceError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    results = {check.__name__: _outcome(check, bench) for check in checks}
    for name, problem in results.items():
        print(f"{'FAIL' if problem else 'ok':<5} {name} {problem}".rstrip())
    if arguments.record:
        record = {
            "driver": arguments.driver,
            "model": info.model,
            "serial_number": info.serial_number,
            "firmware": info.firmware,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "results": results,
        }
        arguments.record.write_text(
            json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
    return 1 if any(results.values()) else 0


def _outcome(check: Callable[[Any], None], bench: AttendedBench) -> str:
    """What was wrong, "" when nothing was."""
    try:
        check(bench)
    except (AssertionError, DeviceError) as error:
        return str(error) or "failed"
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
