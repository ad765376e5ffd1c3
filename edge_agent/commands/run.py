"""`edge-agent run`: settings, log, lock, then the runtime until it stops."""

from __future__ import annotations

import argparse

from edge_agent import log_setup, single_instance
from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.commands.version import agent_version
from edge_agent.config import Settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.service.windows_host import run_under_manager


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped; on Windows under the service manager when `--service` is given."""
    if arguments.service:
        return run_under_manager(lambda: _run(arguments))
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    settings = settings_file.load(arguments.config)
    control = log_setup.configure(settings, service=arguments.service)
    try:
        log_setup.reload_on_hangup(control, settings.path)
        return _serve(settings)
    finally:
        control.close()


def _serve(settings: Settings) -> int:
    try:
        with single_instance.lock(settings.data_dir, settings.api.port, settings.path):
            emit(Event.AGENT_STARTED, version=agent_version(), settings=str(settings.path))
            from edge_agent.runtime import serve

            code = serve(settings)
    except single_instance.AlreadyRunning as refused:
        emit(Event.SECOND_AGENT, problem=str(refused))
        raise CommandFailed(str(refused)) from None
    except Exception as error:
        emit(Event.AGENT_FAILED, error=error)
        raise
    emit(Event.AGENT_STOPPED, exit_code=code)
    return code
