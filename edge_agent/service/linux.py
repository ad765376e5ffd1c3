"""The systemd service: one template unit, one instance per register name.

`plan_*` only looks and decides; `plan.carry_out` changes the machine. With a `root` other than
`/` nothing outside that folder is touched and no command is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge_agent.config import ConfigError, load_settings
from edge_agent.service.plan import (
    COMMAND_LIMIT_S,
    MakeFolder,
    RemoveFile,
    Run,
    Say,
    ServiceError,
    Step,
    WriteFile,
    check_name,
)
from edge_agent.settings_text import sample_config

USER = "loyalty-edge"
GROUPS = ("dialout", "video", "input")
UNIT = "loyalty-edge@.service"
PACKAGED_EXECUTABLE = "/opt/loyalty-edge/bin/edge-agent"
UNIT_FOLDER = Path("etc/systemd/system")
CONFIG_FOLDER = Path("etc/loyalty-edge")
STATE_FOLDER = Path("var/lib/loyalty-edge")
_HIDDEN_FROM_SERVICES = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one instance lives under `root`; `has_systemd` and `has_user` as found there."""

    root: Path
    name: str
    has_systemd: bool
    has_user: bool

    @property
    def unit_file(self) -> Path:
        """The template unit, shared by all instances."""
        return self.root / UNIT_FOLDER / UNIT

    @property
    def config_file(self) -> Path:
        """Settings of this instance."""
        return self.root / CONFIG_FOLDER / f"{self.name}.toml"

    @property
    def marker(self) -> Path:
        """Says that this instance was installed before, so an upgrade leaves its start at boot."""
        return self.root / CONFIG_FOLDER / f"{self.name}.installed"

    @property
    def state(self) -> Path:
        """Data folder as the service sees it."""
        return Path("/") / STATE_FOLDER / self.name

    @property
    def is_enrolled(self) -> bool:
        """Whether the register has its identity already."""
        return (self.root / STATE_FOLDER / self.name / "identity.json").exists()

    @property
    def service(self) -> str:
        """Name of the instance for systemctl."""
        return f"loyalty-edge@{self.name}.service"

    @property
    def is_live(self) -> bool:
        """Whether this is the running machine itself and not a folder that looks like one."""
        return self.root == Path("/")


def find_place(name: str, root: Path = Path("/")) -> Place:
    """Look at the machine, or at the tree under `root`."""
    users = root / "etc/passwd"
    has_user = users.is_file() and any(
        line.startswith(f"{USER}:") for line in users.read_text(errors="replace").splitlines()
    )
    has_systemd = root == Path("/") and Path("/run/systemd/system").is_dir()
    return Place(root, check_name(name), has_systemd, has_user)


def unit_text(executable: Path = Path(PACKAGED_EXECUTABLE)) -> str:
    """The packaged unit with the path of the agent that is to run."""
    packaged = resources.files("edge_agent.service") / "data" / UNIT
    return packaged.read_text(encoding="utf-8").replace(PACKAGED_EXECUTABLE, str(executable))


def current_executable() -> Path:
    """The `edge-agent` command that belongs to this Python."""
    return Path(sys.executable).parent / "edge-agent"


def plan_install(place: Place, config: Path | None, executable: Path) -> list[Step]:
    """Install or upgrade. An upgrade keeps settings, state and whether the service is enabled."""
    hidden = [top for top in _HIDDEN_FROM_SERVICES if executable.is_relative_to(top)]
    if hidden and place.is_live:
        raise ServiceError(
            f"{executable} lies under {hidden[0]}, which the service cannot see: "
            f"install the agent in a folder of its own, such as /opt/loyalty-edge"
        )
    is_first = not place.marker.exists()
    steps: list[Step] = []
    if place.is_live and not place.has_user:
        steps.append(Run(_useradd()))
    steps.append(MakeFolder(place.root / CONFIG_FOLDER))
    steps.append(
        WriteFile(
            place.config_file,
            _settings_text(place, config),
            mode=0o640,
            group=USER if place.is_live else "",
            replace=False,
        )
    )
    steps.append(WriteFile(place.unit_file, unit_text(executable)))
    steps.append(WriteFile(place.marker, "An upgrade keeps whether the service starts at boot.\n"))
    steps += _if_running(place, _install_commands(place, is_first))
    if not place.is_enrolled:
        steps.append(
            Say(
                f"next: look through {place.config_file}, then\n"
                f"  edge-agent enrol --centre URL --code CODE --config {place.config_file}\n"
                f"  systemctl start {place.service}"
            )
        )
    return steps


def _install_commands(place: Place, is_first: bool) -> list[Run]:
    commands = [Run(("systemctl", "daemon-reload"))]
    if is_first:
        commands.append(Run(("systemctl", "enable", place.service)))
    verb = "start" if is_first else "try-restart"
    if place.is_enrolled:
        commands.append(Run(("systemctl", verb, place.service)))
    return commands


def plan_uninstall(place: Place) -> list[Step]:
    """Stop and remove the service. Settings and state stay: they hold sales not sent yet."""
    steps = _if_running(place, [Run(("systemctl", "disable", "--now", place.service), True)])
    if not place.has_systemd:
        wants = place.root / UNIT_FOLDER / "multi-user.target.wants" / place.service
        steps.append(RemoveFile(wants))
    if not _other_instances(place):
        steps.append(RemoveFile(place.unit_file))
    steps.append(RemoveFile(place.marker))
    steps += _if_running(place, [Run(("systemctl", "daemon-reload"))])
    steps.append(Say(f"kept: {place.config_file} and {place.state}"))
    return steps


def status(place: Place) -> Mapping[str, str]:
    """What is installed and how the service is; values are plain words."""
    found = {
        "service": place.service,
        "unit": _unit_state(place),
        "settings": str(place.config_file) if place.config_file.is_file() else "absent",
    }
    if not place.has_systemd:
        return found | {"state": "systemd is not running here"}
    shown = subprocess.run(
        [
            "systemctl",
            "show",
            place.service,
            "--property=ActiveState,SubState,UnitFileState,StatusText,NRestarts,MainPID",
        ],
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_S,
        check=False,
    )
    values = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
    return found | {
        "state": f"{values.get('ActiveState', 'unknown')} ({values.get('SubState', 'unknown')})",
        "starts at boot": values.get("UnitFileState") or "no",
        "says": values.get("StatusText", ""),
        "restarts": values.get("NRestarts", ""),
        "process": values.get("MainPID", ""),
    }


def _settings_text(place: Place, config: Path | None) -> str:
    if config is None:
        return sample_config(str(place.state))
    try:
        settings = load_settings(config)
    except ConfigError as error:
        raise ServiceError(str(error)) from None
    if settings.data_dir != place.state:
        raise ServiceError(
            f"data_dir in {config} is {settings.data_dir}; the service may write only to "
            f"{place.state}: change it there"
        )
    text = config.read_text(encoding="utf-8-sig")
    installed = place.config_file
    if installed.exists() and installed.read_text(encoding="utf-8") != text:
        raise ServiceError(f"{installed} is there and differs from {config}: merge them by hand")
    return text


def _unit_state(place: Place) -> str:
    if not place.unit_file.is_file():
        return "absent"
    installed = place.unit_file.read_text(encoding="utf-8", errors="replace")
    starts = [line for line in installed.splitlines() if line.startswith("ExecStart=")]
    ours = starts and installed == unit_text(Path(starts[0].removeprefix("ExecStart=").split()[0]))
    return str(place.unit_file) if ours else f"{place.unit_file}, of another version"


def _useradd() -> tuple[str, ...]:
    return (
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir=/nonexistent",
        "--shell=/usr/sbin/nologin",
        f"--groups={','.join(GROUPS)}",
        USER,
    )


def _if_running(place: Place, commands: list[Run]) -> list[Step]:
    if place.has_systemd:
        return list(commands)
    lines = "\n".join(f"  {str(command).removeprefix('run ')}" for command in commands)
    return [Say(f"systemd is not running here; on the till run:\n{lines}")]


def _other_instances(place: Place) -> list[str]:
    wants = place.root / UNIT_FOLDER / "multi-user.target.wants"
    names = os.listdir(wants) if wants.is_dir() else []
    return [n for n in names if n.startswith("loyalty-edge@") and n != place.service]
