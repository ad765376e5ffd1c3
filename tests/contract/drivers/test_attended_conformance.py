"""The suite as it runs on hardware: the person's answers are read off the emulated paper."""

import json

import pytest

from drivers.conformance.__main__ import main
from drivers.conformance.emulated import emulated_printer
from drivers.conformance.emulated_receipts import emulated_receipts


def reader(bench):
    """A person before the paper."""

    def ask(question):
        if question.startswith("Receipts"):
            return str(bench.fiscal_documents())
        if question.startswith("Sum"):
            return str(bench.last_total_minor())
        return str(bench.slips()) if question.startswith("Slips") else bench.last_lines()[0]

    return ask


def test_a_fiscal_printer_is_tried_and_recorded(tmp_path, capsys):
    record = tmp_path / "record.json"
    with emulated_printer(tmp_path, "tcp", dialect="shtrih") as bench:
        given = ["--driver", "fiscal.shtrih", "--device", bench.emulator.url]
        assert main([*given, "--record", str(record)], reader(bench)) == 0
        found = json.loads(record.read_text(encoding="utf-8"))
        assert (found["driver"], found["model"]) == ("fiscal.shtrih", "ШТРИХ-ФР-К")
        assert set(found["results"].values()) == {""}
    assert "ok    check_prints_a_job_once" in capsys.readouterr().out


def test_a_receipt_printer_is_tried(tmp_path):
    with emulated_receipts(tmp_path) as bench:
        given = ["--driver", "receipt.escpos", "--device", bench.emulator.url]
        assert main(given, reader(bench)) == 0


def test_a_paper_that_is_missing_is_a_failure(tmp_path, capsys):
    with emulated_printer(tmp_path, "tcp") as bench:
        given = ["--driver", "fiscal.datecs_ua", "--device", bench.emulator.url]
        assert main(given, lambda _question: "0") == 1
    assert "FAIL  check_prints_the_exact_sum not exactly one receipt" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [
        ["--driver", "fiscal.nobody", "--device", "tcp:127.0.0.1:9"],
        ["--driver", "scanner.serial", "--device", "tcp:127.0.0.1:9"],
        ["--driver", "fiscal.shtrih", "--device", "nonsense"],
    ],
)
def test_what_cannot_begin_is_said(given, capsys):
    assert main(given, lambda _question: "") == 2
    assert capsys.readouterr().err.startswith("conformance: ")
