"""The agent's settings: one TOML file, read once into frozen dataclasses.

Every key is declared once, here and in `settings_sections`, with its bound and its meaning; the
sample file and `docs/reference/settings.md` are made from the same declarations. An unknown key, a
wrong type and a value out of range are errors that name the line. Nothing is read but the file.
"""

# ruff: noqa: RUF009 - `setting` makes a `dataclasses.field`, which ruff cannot see
from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from edge_agent import toml_lines
from edge_agent.settings_rules import Bad, absolute_path, choice, option_value
from edge_agent.settings_sections import (
    ApiSettings,
    ApprovalSettings,
    CentreSettings,
    DeviceSettings,
    ExchangeSettings,
    HubSettings,
    HwProxySettings,
    LogSettings,
    StorageSettings,
    TabletSettings,
    TillSettings,
    setting,
)

MAX_FILE_BYTES = 256 * 1024
MAX_OPTIONS = 32
S = TypeVar("S")


class ConfigError(Exception):
    """A settings file that cannot be used; `line` is 0 when no line is to blame.

    `also` holds the further problems of the same file, so that one look mends them all."""

    def __init__(
        self, path: Path, line: int, message: str, also: tuple[ConfigError, ...] = ()
    ) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path = path
        self.line = line
        self.message = message
        self.also = also


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one register. An absent section is `None`: the thing is not present."""

    path: Path
    data_dir: Path = setting(
        absolute_path,
        "Folder of this register's database, identity and token; one agent per folder",
        sample='"/var/lib/loyalty-edge/till-1"',
    )
    locale: Literal["uk", "en"] = setting(
        choice("uk", "en"), "Language of the panel, receipts and cashier messages", "uk"
    )
    centre: CentreSettings | None = None
    api: ApiSettings = dataclasses.field(default_factory=ApiSettings)
    till: TillSettings = dataclasses.field(default_factory=TillSettings)
    approvals: ApprovalSettings = dataclasses.field(default_factory=ApprovalSettings)
    scanner: DeviceSettings | None = None
    camera: DeviceSettings | None = None
    printer: DeviceSettings | None = None
    storage: StorageSettings = dataclasses.field(default_factory=StorageSettings)
    hub: HubSettings | None = None
    exchange: ExchangeSettings | None = None
    hw_proxy: HwProxySettings | None = None
    tablet: TabletSettings | None = None
    log: LogSettings = dataclasses.field(default_factory=LogSettings)

    @property
    def log_dir(self) -> Path:
        """Folder of the rotated log files."""
        return self.log.dir or self.data_dir / "logs"

    @property
    def identity_file(self) -> Path:
        """The register's own key pair and name, written by enrolment."""
        return self.data_dir / "identity.json"

    @property
    def ledger_file(self) -> Path:
        """The register's sacred database."""
        return self.data_dir / "ledger.db"

    @property
    def anchor_dir(self) -> Path:
        """Folder of the anchor, outside that of the database."""
        return self.storage.anchor_dir or self.data_dir.with_name(f"{self.data_dir.name}.anchor")

    @property
    def token_file(self) -> Path:
        """Bearer token of the local API, readable by the till's user only."""
        return self.data_dir / "api.token"


SECTIONS: Mapping[str, type] = MappingProxyType(
    {
        "centre": CentreSettings,
        "api": ApiSettings,
        "till": TillSettings,
        "approvals": ApprovalSettings,
        "scanner": DeviceSettings,
        "camera": DeviceSettings,
        "printer": DeviceSettings,
        "storage": StorageSettings,
        "hub": HubSettings,
        "exchange": ExchangeSettings,
        "hw_proxy": HwProxySettings,
        "tablet": TabletSettings,
        "log": LogSettings,
    }
)


def declared(section: type) -> dict[str, dataclasses.Field[Any]]:
    """The settings a section declares, by key."""
    return {f.name: f for f in dataclasses.fields(section) if "rule" in f.metadata}


def load_settings(path: Path) -> Settings:
    """Read and check one settings file (UTF-8, at most 256 KiB), or raise `ConfigError`.

    Relative paths inside are relative to the file's own folder.
    """
    source = _read(path)
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        message, line = toml_lines.syntax_error(error, source)
        raise ConfigError(path, line, message) from None
    except RecursionError:
        raise ConfigError(path, 0, "the values are nested too deeply") from None
    reader = _Reader(path, toml_lines.key_lines(source))
    settings = reader.settings(document)
    if settings is None or reader.problems:
        problems = sorted(reader.problems, key=lambda problem: problem.line)
        first = problems[0]
        raise ConfigError(path, first.line, first.message, tuple(problems[1:]))
    return settings


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, 0, f"cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(path, 0, f"is larger than {MAX_FILE_BYTES // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, line, "is not UTF-8 text") from None


class _Reader:
    """Turns a parsed document into settings and gathers every problem on the way."""

    def __init__(self, path: Path, lines: Mapping[tuple[str, ...], int]) -> None:
        self.path = path
        self.base = path.resolve().parent
        self.lines = lines
        self.problems: list[ConfigError] = []

    def settings(self, document: dict[str, Any]) -> Settings | None:
        parts: dict[str, Any] = {
            name: self._section(name, kind, document[name])
            for name, kind in SECTIONS.items()
            if name in document
        }
        top = {key: value for key, value in document.items() if key not in SECTIONS}
        known = declared(Settings)
        values = self._values((), known, top, other_names=tuple(SECTIONS))
        if values is None:
            return None
        return Settings(path=self.path, **values, **parts)

    def _section(self, name: str, kind: type[S], table: Any) -> S | None:
        if not isinstance(table, dict):
            self._problem((name,), f"{name} must be a section: [{name}]")
            return None
        if kind is DeviceSettings:
            return self._device(name, table)  # type: ignore[return-value]
        values = self._values((name,), declared(kind), table)
        return None if values is None else kind(**values)

    def _device(self, name: str, table: dict[str, Any]) -> DeviceSettings | None:
        known = declared(DeviceSettings)
        values = self._values((name,), known, {k: v for k, v in table.items() if k in known})
        options = {key: value for key, value in table.items() if key not in known}
        if len(options) > MAX_OPTIONS:
            self._problem((name,), f"[{name}] has more than {MAX_OPTIONS} options")
            return None
        for key, value in options.items():
            try:
                option_value(key, value)
            except Bad as bad:
                self._problem((name, key), f"{key} in [{name}] {bad}")
        return (
            None if values is None else DeviceSettings(**values, options=MappingProxyType(options))
        )

    def _values(
        self,
        section: tuple[str, ...],
        known: dict[str, dataclasses.Field[Any]],
        table: dict[str, Any],
        other_names: tuple[str, ...] = (),
    ) -> dict[str, Any] | None:
        where = f" in [{section[0]}]" if section else ""
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                self._unknown((*section, key), where, (*known, *other_names))
                continue
            try:
                values[key] = known[key].metadata["rule"](value, self.base)
            except Bad as bad:
                self._problem((*section, key), f"{key}{where} {bad}")
        missing = [
            key
            for key, field in known.items()
            if key not in table and field.default is dataclasses.MISSING
        ]
        for key in missing:
            self._problem(section, f"{key}{where} is required")
        complete = not missing and all(key in values for key in known if key in table)
        return values if complete else None

    def _unknown(self, path: tuple[str, ...], where: str, names: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(path[-1], names, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(names)}"
        self._problem(path, f"unknown key '{path[-1]}'{where}{hint}")

    def _problem(self, path: tuple[str, ...], message: str) -> None:
        line = toml_lines.line_of(self.lines, path)
        self.problems.append(ConfigError(self.path, line, message))
