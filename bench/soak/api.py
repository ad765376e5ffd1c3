"""Schemathesis against a real agent process, by its own document: cases without a violation.

`make soak-api` (`SOAK_S` seconds, `SEED`, `CASES` to reach). Every case is judged by: no 5xx, the
status, content type, headers and body that the document promises, bad data refused, and every
call without the token refused. Calls get sales and papers in the states they are for
(`bench/soak/api_places.py`), and what each operation answered to data that fits the document and to
data that breaks it is a table in bench/out/soak_api_table.txt. Last line: achieved of target, seed,
verdict; a line of JSON is added to bench/out/soak.jsonl.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from tests.support.rig import TOKEN, Rig
from tests.support.staff import staffed

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "unsupported_method,allow_header_conformance,ignored_auth"
)
PHASES = "examples,coverage,fuzzing"
LINKED = "stateful"
"""Calls that go on from what others answered; it takes all the time it is given, so a fifth."""
SETTINGS = """\
[checks]
negative_data_rejection.expected-statuses = [
  400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429
]
"""
"""A body that breaks the document is often over the bound of a body too: 413 refuses it as well."""
EXAMPLES = 4
"""Draws for each way of Schemathesis to make data, of which an operation has about thirty."""
ROOT = Path(__file__).parents[2]
OUT = Path(__file__).parents[1] / "out" / "soak.jsonl"
Table = Counter[tuple[str, str, int]]
"""How often an operation answered a status to data that `fits` the document or `breaks` it."""
STAMPED = {
    "sku": "brandy",
    "name": "Коньяк",
    "barcodes": ["4820000000055"],
    "unit_price_minor": 39_900,
    "needs_stamp": True,
}
LEFT_OUT = "^(/healthz|/v1/events|/v1/customer/events)$"
"""A stream never ends (tests/integration/edge_agent/test_event_streams.py reads it). A write to the
health check that is no JSON is 403 before its route is looked at, and no 405: that is meant."""


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """An agent process over a rig's files, and its address."""
    rig = Rig(folder)
    staffed(rig)
    cache = Cache(folder / "data" / "cache.db")
    cache.apply_rows([FeedRow(kind="good", key=STAMPED["sku"], version=1, body=STAMPED)])
    cache.close()
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
    url: str,
    seed: int,
    examples: int,
    most_s: int,
    *,
    only: str = "",
    phases: str = PHASES,
    table: Table | None = None,
) -> tuple[int, int, str]:
    """One run of Schemathesis: cases made, violations found, what it said.

    `only` is a pattern of paths, "" all of them. With a `table` calls get their places, and their
    answers are added to it."""
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
        hooks = "" if table is None else 'hooks = "bench.soak.api_hooks"\n'
        (Path(folder) / "schemathesis.toml").write_text(hooks + SETTINGS, encoding="utf-8")
        answers = Path(folder) / "answers.json"
        told = {"API_SOAK_URL": url, "API_SOAK_TOKEN": TOKEN, "API_SOAK_TABLE": str(answers)}
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=most_s + 120,
                cwd=folder,
                check=False,
                env=os.environ | told | {"PYTHONPATH": str(ROOT)},
            )
        except subprocess.TimeoutExpired as late:
            said = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
            return 0, 1, f"{said}\nit did not end"
        if table is not None and answers.exists():
            for label, how, status, times in json.loads(answers.read_text(encoding="utf-8")):
                table[label, how, status] += times
    return _counted(done)


def _counted(done: subprocess.CompletedProcess[str]) -> tuple[int, int, str]:
    """Cases and violations by the program's own last lines; a failed run has at least one."""
    made = re.search(r"(\d[\d,]*) generated", done.stdout)
    found = re.search(r"(\d[\d,]*) found|(\d[\d,]*) unique failures?", done.stdout)
    cases = int(made.group(1).replace(",", "")) if made else 0
    failures = int((found.group(1) or found.group(2)).replace(",", "")) if found else 0
    if done.returncode and not failures:
        failures = 1
    return cases, failures, done.stdout + done.stderr


def lines_of(table: Table) -> list[str]:
    """The table for people, one operation a line, and last those that never answered 2xx."""
    labels = sorted({label for label, _, _ in table}, key=lambda label: label.split()[::-1])
    lines, unmet = [], []
    for label in labels:
        sides = []
        for how in ("fits", "breaks"):
            found = {s: n for (one, side, s), n in table.items() if (one, side) == (label, how)}
            sides.append(" ".join(f"{s}×{n}" for s, n in sorted(found.items())) or "none")
            if how == "fits" and not any(200 <= status < 300 for status in found):
                unmet.append(label)
        cases = sum(n for (one, _, _), n in table.items() if one == label)
        lines.append(f"{label} | {cases} | {sides[0]} | {sides[1]}")
    head = "operation | cases | data that fits | data that breaks the document"
    return [head, *lines, f"never with success: {', '.join(unmet) or 'none'}"]


def main() -> int:
    """Run seeds until the cases are reached or the time is over."""
    most_s, target = int(os.environ.get("SOAK_S", "1200")), int(os.environ.get("CASES", "10000"))
    first = int(os.environ.get("SEED", "20261122"))
    began, cases, failures, seed = time.monotonic(), 0, 0, first
    table: Table = Counter()
    with tempfile.TemporaryDirectory() as folder:
        child, url = start(Path(folder))
        try:
            cases, failures, said = fuzz(url, seed, 1, most_s // 5, phases=LINKED, table=table)
            print(f"linked calls: {cases} cases, {failures} violations", flush=True)
            while cases < target and not failures:
                left = most_s - (time.monotonic() - began)
                if left <= 30:
                    break
                made, failures, said = fuzz(url, seed, EXAMPLES, int(left), table=table)
                cases, seed = cases + made, seed + 1
                print(f"seed {seed - 1}: {made} cases, {failures} violations", flush=True)
                if not made:
                    break
            if failures:
                print(said[-6_000:])
                (OUT.parent / "soak_api.txt").write_text(said, encoding="utf-8")
            is_alive = child.poll() is None
        finally:
            child.terminate()
            child.wait(30)
            assert child.stdout is not None
            child.stdout.close()
    sound = not failures and is_alive
    verdict = "sound" if sound else "VIOLATED"
    OUT.parent.mkdir(exist_ok=True)
    shown = lines_of(table)
    (OUT.parent / "soak_api_table.txt").write_text("\n".join(shown) + "\n", encoding="utf-8")
    print(f"{len(shown) - 2} operations; {shown[-1]}")
    row = {"soak": "api", "cases": cases, "target": target, "seed": first, "verdict": verdict}
    with OUT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"api: {cases} of {target} cases, seeds {first} to {seed - 1}, {verdict}")
    return 0 if sound and cases >= target else 1


if __name__ == "__main__":
    raise SystemExit(main())
