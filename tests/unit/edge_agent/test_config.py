"""Settings files: what loads, and how each mistake is told with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent.config import (
    MAX_FILE_BYTES,
    SECTIONS,
    ConfigError,
    Settings,
    declared,
    load_settings,
)
from edge_agent.settings_text import sample_config, settings_table

FULL = """\
data_dir = "state"
locale = "en"

[centre]
url = "https://centre.example:8443/"
ca_file = "ca.pem"
poll_s = 5

[api]
port = 0
origins = ["https://pos.example:8080"]
hosts = [
  "till.local:9777",  # the name of this till
]

[till]
cash_rounding = 10
print_mode = "none"
cashier_name = "Олена"

[scanner]
driver = "scanner.serial"
url = "serial:/dev/ttyACM0?baud=115200"
suffix = "cr"

[printer]
driver = "fiscal.datecs_ua"
url = "tcp://127.0.0.1:9100"
operator = 1
password = "0000"
open_drawer = true

[log]
level = "debug"
dir = "/var/log/till"
"""


def _load(tmp_path: Path, text: str | bytes) -> Settings:
    path = tmp_path / "agent.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path)


def _problems(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    prefix = f"{tmp_path / 'agent.toml'}:"
    return [str(error).removeprefix(prefix) for error in (caught.value, *caught.value.also)]


def test_every_section_is_read(tmp_path: Path) -> None:
    settings = _load(tmp_path, FULL)
    assert settings.data_dir == tmp_path / "state"
    assert settings.locale == "en"
    assert settings.centre is not None
    assert settings.centre.url == "https://centre.example:8443"
    assert settings.centre.ca_file == tmp_path / "ca.pem"
    assert (settings.centre.poll_s, settings.centre.heartbeat_s) == (5, 15)
    assert settings.api.port == 0
    assert settings.api.origins == ("https://pos.example:8080",)
    assert settings.api.hosts == ("till.local:9777",)
    assert (settings.till.cash_rounding, settings.till.print_mode) == (10, "none")
    assert settings.till.cashier_name == "Олена"
    assert settings.scanner is not None
    assert dict(settings.scanner.options) == {"suffix": "cr"}
    assert settings.printer is not None
    assert settings.printer.driver == "fiscal.datecs_ua"
    assert dict(settings.printer.options) == {
        "operator": 1,
        "password": "0000",
        "open_drawer": True,
    }
    assert settings.log.level == "debug"
    assert settings.log_dir == Path("/var/log/till")


def test_only_data_dir_is_required(tmp_path: Path) -> None:
    settings = _load(tmp_path, 'data_dir = "/var/lib/till"\n')
    assert settings.data_dir == Path("/var/lib/till")
    assert (settings.centre, settings.scanner, settings.printer) == (None, None, None)
    assert (settings.locale, settings.api.port, settings.till.cash_rounding) == ("uk", 9777, 50)
    assert settings.log_dir == Path("/var/lib/till/logs")
    assert settings.token_file == Path("/var/lib/till/api.token")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[api]\nprot = 1\n", "2: unknown key 'prot' in [api]; did you mean 'port'?"),
        ("[sacnner]\n", "1: unknown key 'sacnner'; did you mean 'scanner'?"),
        ("[api]\n\nport = 70000\n", "3: port in [api] must be between 0 and 65535, not 70000"),
        ('[api]\nport = "80"\n', "2: port in [api] must be an integer, not text"),
        ("[api]\nport = true\n", "2: port in [api] must be an integer, not true/false"),
        ("[api]\nport = 1.5\n", "2: port in [api] must be an integer, not a fraction"),
        ("api = 4\n", "1: api must be a section: [api]"),
        ("[[api]]\nport = 1\n", "1: api must be a section: [api]"),
        ("till.cash_rounding = 5\n", "1: cash_rounding in [till] must be one of 0, 10, 50, not 5"),
        ('api = {\tport = "x"}\n', "1: port in [api] must be an integer, not text"),
        ("[centre]\n", "1: url in [centre] is required"),
        ('[centre]\nurl = "http://centre.example"\n', "2: url in [centre] must use https;"),
        ('[centre]\nurl = "https://u:p@centre.example"\n', "2: url in [centre] must not hold"),
        ('[centre]\nurl = "https://centre.example:port"\n', "2: url in [centre] is no address"),
        ('[api]\norigins = ["https://pos.example/"]\n', "2: origins in [api] holds"),
        ('[till]\njoin_url = "http://loyalty.example"\n', "2: join_url in [till] must look like"),
        ('[api]\norigins = ["null"]\n', "2: origins in [api] holds"),
        ('[api]\nhosts = ["a/b"]\n', "2: hosts in [api] holds"),
        ('[api]\nhosts = ["a", "a"]\n', "2: hosts in [api] names a value twice"),
        ('[printer]\ndriver = "x"\nurl = "y"\nsize = 1.5\n', "4: size in [printer] must be text,"),
        ('[printer]\ndriver = "x"\n', "1: url in [printer] is required"),
        ('[till]\ncashier_name = "a\\nb"\n', "2: cashier_name in [till] must not hold control"),
        ("[api\n", "1: is not valid TOML: "),
        ("[api]\nport = 1\nport = 2\n", "3: is not valid TOML: "),
        ("a = [\n1,\n", "2: is not valid TOML: "),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, text: str, expected: str) -> None:
    head = "#" if "TOML" in expected else 'data_dir = "/d"'
    problems = _problems(tmp_path, f"{head}\n{text}")
    line, _, sentence = expected.partition(":")
    assert len(problems) == 1
    assert problems[0].startswith(f"{int(line) + 1}:{sentence}"), problems


def test_lines_are_found_past_multi_line_values(tmp_path: Path) -> None:
    text = (
        'data_dir = "/d" # = [\n[api]\norigins = [\n  "https://a.example", # ] port = 1\n'
        '  "https://b.example",\n]\nhosts = ["""\n[till]\nport = 3 \\""" x""", "]"]\n"port" = -1\n'
    )
    problems = _problems(tmp_path, text)
    assert any(problem.startswith("10: port in [api]") for problem in problems), problems


def test_lines_are_found_past_multi_line_strings(tmp_path: Path) -> None:
    text = 'data_dir = "/d"\n[till]\ncashier_name = """\n[api]\nport = 1\n"""\ncash_rounding = 7\n'
    problems = _problems(tmp_path, text)
    assert problems[1].startswith("7: cash_rounding in [till] must be one of"), problems


def test_all_problems_are_told_at_once_in_order(tmp_path: Path) -> None:
    problems = _problems(tmp_path, 'locale = "fr"\n[log]\nlevle = 1\n[api]\nport = -1\n')
    assert [problem.partition(":")[0] for problem in problems][1:] == ["1", "3", "5"]
    assert problems[0].strip() == "data_dir is required"


def test_bytes_that_are_no_settings(tmp_path: Path) -> None:
    assert _problems(tmp_path, b'data_dir = "/d"\n# \xff\n') == ["2: is not UTF-8 text"]
    assert "larger than 256 KiB" in _problems(tmp_path, b"#" * (MAX_FILE_BYTES + 1))[0]
    assert "required" in _problems(tmp_path, b"")[0]
    assert _load(tmp_path, b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode()).api.port == 0


def test_a_deep_nest_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in _problems(tmp_path, "a = " + "[" * 50_000)[0]


def test_unreadable_files_say_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_settings(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_too_many_options(tmp_path: Path) -> None:
    options = "".join(f"o{n} = 1\n" for n in range(33))
    text = f'data_dir = "/d"\n[printer]\ndriver = "x"\nurl = "y"\n{options}'
    assert _problems(tmp_path, text) == ["2: [printer] has more than 32 options"]


def test_a_relative_config_path_keeps_paths_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent.toml").write_text('data_dir = "state"\n')
    monkeypatch.chdir(tmp_path)
    assert load_settings(Path("agent.toml")).data_dir == Path(os.getcwd()) / "state"


def test_the_sample_loads_as_the_defaults(tmp_path: Path) -> None:
    sample = _load(tmp_path, sample_config("/d"))
    assert sample == _load(tmp_path, 'data_dir = "/d"\n')
    with_centre = _load(tmp_path, sample_config("/d", "https://c.example"))
    assert with_centre.centre is not None
    assert with_centre.centre.url == "https://c.example"


def test_the_sample_loads_with_every_line_switched_on(tmp_path: Path) -> None:
    lines = [
        line[2:] if line.startswith("# ") else line for line in sample_config("/d").splitlines()
    ]
    settings = _load(tmp_path, "\n".join(lines))
    assert settings.centre is not None
    assert settings.scanner is not None
    assert settings.printer is not None


def test_sample_and_table_hold_every_key() -> None:
    for section in (Settings, *SECTIONS.values()):
        for key in declared(section):
            assert f"{key} = " in sample_config()
            assert f"| `{key}` |" in settings_table()
