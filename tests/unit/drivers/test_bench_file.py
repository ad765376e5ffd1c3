"""Bench files: read, and refused with the device and key at fault."""

from pathlib import Path

import pytest

from drivers.emulators.bench_file import BadBenchFile, read_bench_file

GOOD = """
[control]
port = 0
[[device]]
name = "s"
kind = "scanner"
tcp = "127.0.0.1:0"
[[device]]
name = "p"
kind = "printer"
link = "dev/p"
delay_ms = 3
paper_dir = "paper"
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return read_bench_file(path)


def test_paths_are_relative_to_the_file(tmp_path):
    bench = read(tmp_path, GOOD)
    scanner, printer = bench.devices
    assert (scanner.name, scanner.tcp) == ("s", "127.0.0.1:0")
    assert printer.link == str(tmp_path / "dev/p")
    assert printer.settings["paper_dir"] == str(tmp_path / "paper")


def test_the_shipped_example_is_a_good_bench():
    example = Path(__file__).parents[3] / "packaging" / "bench" / "two-tills.toml"
    assert [device.kind for device in read_bench_file(example).devices] == [
        "scanner",
        "printer",
        "scanner",
        "printer",
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "device"),
        ("x = 1", "unknown table"),
        ("[[device]\n", "bench.toml"),
        ('[[device]]\nname = "a/b"\nkind = "scanner"', "device name"),
        ('[[device]]\nname = "a"\nkind = "toaster"', "kind"),
        ('[[device]]\nname = "a"\nkind = "scanner"', "link or tcp"),
        ('[[device]]\nname = "a"\nkind = "scanner"\nlink = "x"\ntcp = "y:1"', "link or tcp"),
        ('[[device]]\nname = "a"\nkind = "scanner"\nlink = "x"\ncolour = "red"', "'colour'"),
        ('[[device]]\nname = "a"\nkind = "printer"\nlink = "x"\ndelay_ms = "3"', "must be int"),
        ('[[device]]\nname = "a"\nkind = "printer"\nlink = "x"\ndelay_ms = -3', "delay_ms"),
        ('[[device]]\nname = "a"\nkind = "printer"\nlink = "x"\ndialect = "x"', "dialect"),
        ('[[device]]\nname = "a"\nkind = "printer"\nlink = "x"\ncash_rounding = 25', "0, 10 or 50"),
        (GOOD.replace('"p"', '"s"'), "share a name"),
        (GOOD.replace("port = 0", "port = 99999"), "port"),
        (GOOD.replace("port = 0", "host = 1"), r"\[control\]"),
    ],
)
def test_mistakes_are_named(tmp_path, text, word):
    with pytest.raises(BadBenchFile, match=word):
        read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadBenchFile, match=r"none\.toml"):
        read_bench_file(tmp_path / "none.toml")
