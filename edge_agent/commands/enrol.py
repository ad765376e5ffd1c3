"""`edge-agent enrol`: exchange a one-time code for this register's own identity."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from edge_agent import single_instance
from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.commands.version import agent_version
from edge_agent.config import Settings
from edge_agent.head_guard import begin
from sync.enrolment import Identity, enrol
from sync.errors import SyncError


def run(arguments: argparse.Namespace) -> int:
    """Enrol and store the identity in the data folder."""
    settings = settings_file.load(arguments.config)
    centre = settings.centre
    url = arguments.centre or (centre.url if centre else "")
    if not url:
        raise CommandFailed(f"give --centre URL, or put [centre] url into {settings.path}")
    if running := single_instance.holder(settings.data_dir):
        raise CommandFailed(f"stop the agent first: {running}")
    if settings.identity_file.exists() and not arguments.replace:
        raise CommandFailed(
            f"this register is enrolled already ({settings.identity_file}); "
            f"--replace gives that identity up"
        )
    ca_file = arguments.ca or (centre.ca_file if centre else None)
    try:
        identity = enrol(url, arguments.code, ca_file, platform.node(), agent_version())
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity.save(settings.identity_file)
    except SyncError as error:
        raise CommandFailed(f"not enrolled: {error}") from None
    give_to_owner_of_folder(settings.identity_file)
    _anchor(settings, identity)
    print(
        f"enrolled as {identity.register_id} of store {identity.store_id} ({identity.store_name})"
    )
    _warn_of_settings(settings, url)
    return 0


def _anchor(settings: Settings, identity: Identity) -> None:
    """Without it offline redemption waits for the first contact; enrolment does not fail."""
    try:
        begin(settings, identity)
    except OSError as error:
        print(f"note: no anchor in {settings.anchor_dir}: {error.strerror}")
        return
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = settings.data_dir.stat()
        for path in (settings.anchor_dir, *settings.anchor_dir.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)


def give_to_owner_of_folder(path: Path) -> None:
    """Root enrols, the service's own user must read: the file follows its folder's owner."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _warn_of_settings(settings: Settings, url: str) -> None:
    if settings.centre is None:
        print(f'now add to {settings.path}:\n[centre]\nurl = "{url}"')
    elif settings.centre.url != url.rstrip("/"):
        print(f"note: {settings.path} names another centre, {settings.centre.url}")
