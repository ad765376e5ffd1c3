"""`edge-agent print-jobs`: papers that wait for a person, and a person's word about them."""

from __future__ import annotations

import argparse
import json
from typing import Any

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import local_api, settings_file


def list_jobs(arguments: argparse.Namespace) -> int:
    """Print every job that is not printed; exit code 1 while one is unknown."""
    found = _call(arguments, "GET", "/v1/print-jobs", None)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for job in found:
            print(f"{job['job_id']}  {job['kind']:<6}  {job['state']:<11}  {job['sentence']}")
        if not found:
            print("no paper waits")
    return 1 if any(job["state"] == "unknown" for job in found) else 0


def resolve(arguments: argparse.Namespace) -> int:
    """Tell the agent what a person saw on the paper."""
    body = {
        "verdict": arguments.verdict,
        "fiscal_number": arguments.fiscal_number,
        "author": arguments.author,
    }
    job = _call(arguments, "POST", f"/v1/print-jobs/{arguments.job}/resolve", body)
    print(f"{job['job_id']}  {job['state']}")
    return 0


def _call(
    arguments: argparse.Namespace, method: str, path: str, body: dict[str, Any] | None
) -> Any:
    settings = settings_file.load(arguments.config)
    try:
        return local_api.call(settings, method, path, body)
    except (local_api.NotAnswering, local_api.Refused) as error:
        raise CommandFailed(str(error)) from None
