"""The sample settings file and the reference table, both made from the declared settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from edge_agent.config import SECTIONS, Settings, declared
from edge_agent.settings_sections import DeviceSettings

SECTION_ABOUT: Mapping[str, str] = {
    "centre": "The central processing service. Without this section the register works alone.",
    "api": "The local API that the till and the panel use.",
    "till": "How this till takes money and who prints.",
    "approvals": "What a cashier does only with a senior's word.",
    "scanner": "The bar code reader. Without this section codes are typed or come from the till.",
    "camera": "A camera that reads bar codes and QR, beside the reader or instead of it.",
    "printer": "The fiscal printer, when the agent owns it.",
    "storage": "Room on the register's disk, and how long old rows stay.",
    "hub": "The store's hub. Without this section the register is an island of its own.",
    "exchange": "File exchange, for a till that can only read and write files.",
    "hw_proxy": "Stock Odoo without an add-on: codes in, receipts out. Off without this section.",
    "tablet": "A tablet where buyers type their own data. Off without this section.",
    "log": "What is logged, and where.",
}
DEVICE_SAMPLES: Mapping[str, Mapping[str, str]] = {
    "scanner": {"driver": '"scanner.serial"', "url": '"serial:/dev/ttyACM0?baud=115200"'},
    "camera": {"driver": '"scanner.camera"', "url": '"device:0"'},
    "printer": {"driver": '"fiscal.datecs_ua"', "url": '"serial:/dev/ttyUSB0?baud=115200"'},
}
OPTIONS_ABOUT = "Any further key is an option of the driver: text, an integer or true/false"


def toml_value(value: Any) -> str:
    """TOML text of a default: text, integer, yes/no or a list of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def sample_config(data_dir: str = "/var/lib/loyalty-edge/till-1", centre_url: str = "") -> str:
    """A settings file that loads: prose after `##`, defaults and unused keys after `#`.

    The centre's section is active when `centre_url` is given; devices always start commented."""
    given = {("", "data_dir"): toml_value(data_dir)}
    active = {"", "api", "till", "storage", "log"}
    if centre_url:
        given[("centre", "url")] = toml_value(centre_url)
        active.add("centre")
    lines = [
        "## Settings of one register. `edge-agent check-config --config FILE` checks this file.",
        "## Times are whole seconds or milliseconds, money is kopecks. Paths may be relative to"
        " this file.",
        "",
        *_sample_keys("", Settings, active, given),
    ]
    for name, kind in SECTIONS.items():
        lines += ["", f"## {SECTION_ABOUT[name]}", f"{'' if name in active else '# '}[{name}]"]
        lines += _sample_keys(name, kind, active, given)
        if kind is DeviceSettings:
            lines.append(f"## {OPTIONS_ABOUT}.")
    return "\n".join(lines) + "\n"


def _sample_keys(
    name: str, kind: type, active: set[str], given: dict[tuple[str, str], str]
) -> list[str]:
    lines = []
    for key, field in declared(kind).items():
        lines.append(f"## {field.metadata['about']}.")
        value = given.get((name, key)) or _sample_value(name, key, field)
        live = name in active and (name, key) in given
        lines.append(f"{'' if live else '# '}{key} = {value}")
    return lines


def _sample_value(name: str, key: str, field: dataclasses.Field[Any]) -> str:
    if name in DEVICE_SAMPLES:
        return DEVICE_SAMPLES[name][key]
    if field.default is dataclasses.MISSING or field.default is None:
        return str(field.metadata["sample"])
    return toml_value(field.default)


def settings_table() -> str:
    """Markdown: one table per section with key, values, default and meaning."""
    parts = [_table("Top of the file", "", Settings)]
    for name, kind in SECTIONS.items():
        parts.append(_table(f"[{name}]", SECTION_ABOUT[name], kind))
    return "\n\n".join(parts) + "\n"


def _table(title: str, about: str, kind: type) -> str:
    rows = [
        f"| `{key}` | {field.metadata['rule'].says} | {_default(field)} | "
        f"{field.metadata['about']} |"
        for key, field in declared(kind).items()
    ]
    if kind is DeviceSettings:
        rows.append(f"| any other | text, integer, true/false | – | {OPTIONS_ABOUT} |")
    head = [f"## {title}", ""] + ([about, ""] if about else [])
    return "\n".join([*head, "| key | values | default | meaning |", "|---|---|---|---|", *rows])


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return "–" if field.default is None else f"`{toml_value(field.default)}`"
