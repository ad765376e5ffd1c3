"""Schemathesis against a real agent process, by its own document: cases without a violation.

`make soak-api` (`SOAK_S` seconds, `SEED`, `CASES` to reach). Every case is judged by: no 5xx, the
status, content type, headers and body that the document promises, bad data refused, and every
call without the token refused. Last line: achieved of target, seed, verdict; a line of JSON is
added to bench/out/soak.jsonl.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.rig import TOKEN, Rig

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "unsupported_method,allow_header_conformance,ignored_auth"
)
PHASES = "examples,coverage,fuzzing"
SETTINGS = """\
[checks]
negative_data_rejection.expected-statuses = [
  400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429
]
"""
"""A body that breaks the document is often over the bound of a body too: 413 refuses it as well."""
OUT = Path(__file__).parents[1] / "out" / "soak.jsonl"
LEFT_OUT = "^(/healthz|/v1/events|/v1/customer/events)$"
"""A stream never ends (tests/integration/edge_agent/test_event_streams.py reads it). A write to the
health check that is no JSON is 403 before its route is looked at, and no 405: that is meant."""


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """An agent process over a rig's files, and its address."""
    rig = Rig(folder)
    (folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
    script = str(Path(sys.executable).parent / "edge-agent")
    child = subprocess.Popen(
        [script, "run", "--config", str(rig.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    return child, str(json.loads(child.stdout.readline())["url"])


def fuzz(
    url: str, seed: int, examples: int, most_s: int, *, only: str = "", phases: str = PHASES
) -> tuple[int, int, str]:
    """One run of Schemathesis: cases made, violations found, what it said.

    `only` is a pattern of paths, "" all of them."""
    script = str(Path(sys.executable).parent / "schemathesis")
    command = [
        *(script, "run", f"{url}/openapi.json", "--checks", CHECKS, "--seed", str(seed)),
        *("--phases", phases, "--max-examples", str(examples)),
        *("-H", f"Authorization: Bearer {TOKEN}", "--exclude-path-regex", LEFT_OUT),
        *("--generation-database", "none", "--request-timeout", "60", "--no-color"),
        *("--max-time", str(most_s), "--suppress-health-check", "all"),
        *("--continue-on-failure", "--warnings", "off"),
    ]
    if only:
        command += ["--include-path-regex", only]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=most_s + 120,
                cwd=folder,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            said = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
            return 0, 1, f"{said}\nit did not end"
    made = re.search(r"(\d[\d,]*) generated", done.stdout)
    found = re.search(r"(\d[\d,]*) found|(\d[\d,]*) unique failures?", done.stdout)
    cases = int(made.group(1).replace(",", "")) if made else 0
    failures = int((found.group(1) or found.group(2)).replace(",", "")) if found else 0
    if done.returncode and not failures:
        failures = 1
    return cases, failures, done.stdout + done.stderr


def main() -> int:
    """Run seeds until the cases are reached or the time is over."""
    most_s, target = int(os.environ.get("SOAK_S", "1200")), int(os.environ.get("CASES", "10000"))
    first = int(os.environ.get("SEED", "20261122"))
    began, cases, failures, seed = time.monotonic(), 0, 0, first
    with tempfile.TemporaryDirectory() as folder:
        child, url = start(Path(folder))
        try:
            while cases < target and not failures:
                left = most_s - (time.monotonic() - began)
                if left <= 30:
                    break
                made, failures, said = fuzz(url, seed, 60, int(left))
                cases, seed = cases + made, seed + 1
                print(f"seed {seed - 1}: {made} cases, {failures} violations", flush=True)
                if failures or not made:
                    print(said[-6_000:])
                    (OUT.parent / "soak_api.txt").write_text(said, encoding="utf-8")
                    break
            is_alive = child.poll() is None
        finally:
            child.terminate()
            child.wait(30)
            assert child.stdout is not None
            child.stdout.close()
    sound = not failures and is_alive
    verdict = "sound" if sound else "VIOLATED"
    row = {"soak": "api", "cases": cases, "target": target, "seed": first, "verdict": verdict}
    OUT.parent.mkdir(exist_ok=True)
    with OUT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"api: {cases} of {target} cases, seeds {first} to {seed - 1}, {verdict}")
    return 0 if sound and cases >= target else 1


if __name__ == "__main__":
    raise SystemExit(main())
