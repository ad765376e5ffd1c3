"""An emulated printer that is stopped and started again goes on where it was."""

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.datecs_ua.device import DatecsUaDevice


def test_counters_articles_and_paper_survive(tmp_path):
    journal = MemoryJournal()
    for number in range(3):
        with emulated_printer(tmp_path, keep_paper=True) as bench:
            printer = bench.open()
            outcome = printer.print_receipt(sample_job(f"job-{number}"), journal)
            assert (outcome.verdict, outcome.fiscal_number) == ("printed", str(number + 1))
            printer.close()
            assert len(bench.receipts()) == number + 1
            assert bench.device.executed[107] == (4 if number == 0 else 3)  # X and P, later R
    text = (tmp_path / "paper" / "paper.txt").read_text(encoding="utf-8")
    assert text.count("ФІСКАЛЬНИЙ ЧЕК") == 3


def test_an_open_receipt_is_still_open_after_a_restart(tmp_path):
    journal, job = MemoryJournal(), sample_job(lines=2)
    with emulated_printer(tmp_path, keep_paper=True) as bench:
        bench.emulator.send("power_off at 54")
        printer = bench.open(reply_timeout_ms=70, tries=2)
        assert printer.print_receipt(job, journal).verdict == "unknown"
        printer.close()
    with emulated_printer(tmp_path, keep_paper=True) as bench:
        assert [len(d.items) for d in bench.emulator.documents()] == [2]
        printer = bench.open()
        assert printer.reconcile(job, journal).reason == "cancelled"
        assert printer.print_receipt(job, journal).verdict == "printed"
        printer.close()
        assert bench.fiscal_documents() == 1


def test_a_line_that_a_kill_cut_short_is_passed_over(tmp_path):
    folder = tmp_path / "paper"
    device = DatecsUaDevice(folder=folder)
    device.execute(38, b"")
    device.execute(39, b"")
    device.execute(38, b"")
    for name in ("state.jsonl", "documents.jsonl"):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write('{"half')
    again = DatecsUaDevice(folder=folder)
    assert again.counters() == device.counters()
    assert [d.state for d in again.documents()] == ["closed", "open"]


def test_a_state_of_another_version_is_not_guessed_at(tmp_path):
    (tmp_path / "state.jsonl").write_text('{"version": 99}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="version"):
        DatecsUaDevice(folder=tmp_path)
