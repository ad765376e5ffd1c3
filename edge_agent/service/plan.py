"""Steps of an installation as data: made by pure functions, printed by `--dry-run`, then done."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

INSTANCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
COMMAND_LIMIT_S = 60


class ServiceError(Exception):
    """The service cannot be installed, removed or asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A folder with its mode, made when absent."""

    path: Path
    mode: int = 0o755

    def __str__(self) -> str:
        return f"make folder {self.path} ({self.mode:o})"


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file with its mode and group; a file that is there is replaced only if `replace`."""

    path: Path
    text: str
    mode: int = 0o644
    group: str = ""
    replace: bool = True

    def __str__(self) -> str:
        keep = "" if self.replace else ", unless it is there"
        owner = f", group {self.group}" if self.group else ""
        return f"write {self.path} ({self.mode:o}{owner}){keep}"


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file to remove when it is there."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, slots=True)
class Run:
    """A command; `may_fail` when its failure changes nothing that matters."""

    argv: tuple[str, ...]
    may_fail: bool = False

    def __str__(self) -> str:
        return "run " + subprocess.list2cmdline(self.argv)


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence for the person who installs."""

    text: str

    def __str__(self) -> str:
        return self.text


Step = MakeFolder | WriteFile | RemoveFile | Run | Say


def check_name(name: str) -> str:
    """The instance name, or `ServiceError`: it becomes part of file and service names."""
    if not INSTANCE_NAME.fullmatch(name):
        raise ServiceError(f"'{name}' is no name: 1–32 letters, digits, '_', '.' or '-'")
    return name


def carry_out(steps: Sequence[Step], say: Callable[[str], None]) -> None:
    """Do the steps in order and say each; the first failure stops with `ServiceError`."""
    for step in steps:
        say(str(step))
        try:
            _do(step)
        except (OSError, LookupError, subprocess.SubprocessError) as error:
            raise ServiceError(f"could not {step}: {_why(error)}") from error


def _do(step: Step) -> None:
    if isinstance(step, MakeFolder):
        if not step.path.is_dir():
            step.path.mkdir(parents=True)
            step.path.chmod(step.mode)
    elif isinstance(step, WriteFile):
        _write(step)
    elif isinstance(step, RemoveFile):
        step.path.unlink(missing_ok=True)
    elif isinstance(step, Run):
        subprocess.run(
            step.argv,
            check=not step.may_fail,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            stdin=subprocess.DEVNULL,
        )


def _write(step: WriteFile) -> None:
    if step.path.exists() and not step.replace:
        return
    step.path.parent.mkdir(parents=True, exist_ok=True)
    fresh = step.path.with_name(step.path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, step.mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(step.text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(step.mode)
    if step.group:
        import shutil

        shutil.chown(fresh, group=step.group)
    fresh.replace(step.path)


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        return lines[-1] if lines else f"exit code {error.returncode}"
    return str(error)
