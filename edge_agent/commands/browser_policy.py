"""`edge-agent browser-policy`: lets pages of the POS's origins reach this machine without a prompt.

Chromium asks the user before a page from a public address may call 127.0.0.1 (fetch since version
142, WebSocket since 147), and three closed prompts count as a refusal. A managed policy names the
origins instead: `LoopbackNetworkAllowedForUrls`, and for older versions its former name
`LocalNetworkAccessAllowedForUrls`. Both are lists of URL patterns (Chrome Enterprise policy list).
The origins are those of `[api] origins`, so that browser and agent let in the same pages.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file

POLICIES = ("LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls")
FILE_NAME = "loyalty-edge.json"
FOLDERS = {
    "Chromium": "etc/chromium/policies/managed",
    "Chrome": "etc/opt/chrome/policies/managed",
    "Edge": "etc/opt/edge/policies/managed",
}
KEYS = {
    "Chromium": r"HKLM\SOFTWARE\Policies\Chromium",
    "Chrome": r"HKLM\SOFTWARE\Policies\Google\Chrome",
    "Edge": r"HKLM\SOFTWARE\Policies\Microsoft\Edge",
}


def install(arguments: argparse.Namespace) -> int:
    """Write the policy for each browser, for the origins of the settings."""
    origins = _origins(arguments)
    if not origins:
        raise CommandFailed("no page may call the agent: add its origin to [api] origins first", 1)
    if sys.platform == "win32":
        return _print_commands(windows_commands(origins))
    text = policy_text(origins)
    for browser, place in places(arguments.root):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
            place.chmod(0o644)
        except OSError as error:
            raise CommandFailed(f"{place}: {error.strerror}; run it as root", 1) from None
        print(f"{browser}: {place}")
    print(f"{len(origins)} origins; a running browser takes it within minutes, or at its restart")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print what is installed; 1 when a browser's policy lacks an origin of the settings."""
    origins, is_whole = _origins(arguments), True
    for browser, place in places(arguments.root):
        found = installed(place)
        missing = [origin for origin in origins if origin not in found]
        is_whole &= not missing
        said = ", ".join(found) if found else "none"
        print(f"{browser}: {said}" + (f"; lacks {', '.join(missing)}" if missing else ""))
    return 0 if is_whole else 1


def remove(arguments: argparse.Namespace) -> int:
    """Take the policy away again; other policies stay."""
    if sys.platform == "win32":
        return _print_commands(windows_commands(()))
    for browser, place in places(arguments.root):
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise CommandFailed(f"{place}: {error.strerror}; run it as root", 1) from None
        print(f"{browser}: removed")
    return 0


def policy_text(origins: tuple[str, ...]) -> str:
    """The policy file."""
    return json.dumps({name: list(origins) for name in POLICIES}, indent=1) + "\n"


def places(root: Path) -> Iterator[tuple[str, Path]]:
    """Each browser and its policy file under a system tree."""
    for browser, folder in FOLDERS.items():
        yield browser, root / folder / FILE_NAME


def installed(place: Path) -> list[str]:
    """Origins that a policy file lets in under every name; none where it cannot be read."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        lists = [set(found[name]) for name in POLICIES]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted(set.intersection(*lists))


def windows_commands(origins: tuple[str, ...]) -> list[str]:
    """What an administrator runs on Windows; without origins, what takes it away."""
    commands = []
    for key in KEYS.values():
        for name in POLICIES:
            commands.append(rf'reg delete "{key}\{name}" /f')
            commands += [
                rf'reg add "{key}\{name}" /v {number} /t REG_SZ /d "{origin}" /f'
                for number, origin in enumerate(origins, start=1)
            ]
    return commands


def _print_commands(commands: list[str]) -> int:
    print("run as administrator:")
    print("\n".join(commands))
    return 0


def _origins(arguments: argparse.Namespace) -> tuple[str, ...]:
    return tuple(settings_file.load(arguments.config).api.origins)
