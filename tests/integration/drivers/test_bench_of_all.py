"""One bench file with every dialect: each is started by its name and a driver prints on it."""

import pytest

from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.bench_file import BadBenchFile, read_bench_file
from drivers.emulators.dialects import PRINTER_DIALECTS
from drivers.emulators.fleet import Fleet
from drivers.registry import open_fiscal_printer


def test_every_dialect_of_a_bench_file_prints(tmp_path):
    file = tmp_path / "store.toml"
    file.write_text(
        "".join(
            f'[[device]]\nname = "{dialect}"\nkind = "printer"\ndialect = "{dialect}"\n'
            f'tcp = "127.0.0.1:0"\ndelay_ms = 0\npaper_dir = "paper-{dialect}"\n'
            for dialect in PRINTER_DIALECTS
        ),
        encoding="utf-8",
    )
    fleet = Fleet()
    try:
        for entry in read_bench_file(file).devices:
            emulator = fleet.start(entry)
            printer = open_fiscal_printer(f"fiscal.{entry.name}", emulator.url, {})
            outcome = printer.print_receipt(sample_job(entry.name, 2), MemoryJournal())
            printer.close()
            assert outcome.verdict == "printed", entry.name
            paper = (tmp_path / f"paper-{entry.name}" / "paper.txt").read_text(encoding="utf-8")
            assert "360,50" not in paper
            assert "180,50" in paper, entry.name
        assert {d["counters"]["sales"] for d in fleet.describe().values()} == {1}
    finally:
        fleet.close()


def test_checkbox_has_no_cable(tmp_path):
    file = tmp_path / "store.toml"
    file.write_text(
        '[[device]]\nname = "k"\nkind = "printer"\ndialect = "checkbox"\nlink = "pty"\n',
        encoding="utf-8",
    )
    with pytest.raises(BadBenchFile, match="tcp"):
        read_bench_file(file)
