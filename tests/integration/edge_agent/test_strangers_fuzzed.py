"""Foreign Host, Origin, rebound names and simple requests at every route: 403 before any state."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing

import httpx

from tests.support.rig import TOKEN, Rig

SEED = 20261122
ROUNDS = 3


def hosts(source: random.Random, port: str) -> Iterator[dict[str, str]]:
    """Names that only look like ours, and names that resolve here by rebinding."""
    label = "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))
    for host in (
        f"{label}.example",
        f"{label}.example:{port}",
        f"127.0.0.1.{label}.example:{port}",
        f"localhost:{port}.{label}.example",
        f"{label}@127.0.0.1:{port}",
        f"127.0.0.1:{source.randrange(1, 65_536)}0",
        "127.0.0.1",
        "localhost",
        f"127.0.0.1.:{port}",
        f"127.1:{port}",
        f"2130706433:{port}",
        f"0.0.0.0:{port}",
        f"LOCALHOST:{port}",
        f"[::ffff:127.0.0.1]:{port}",
    ):
        yield {"Host": host}


def origins(source: random.Random, port: str) -> Iterator[dict[str, str]]:
    """Pages of other places, of this machine's other ports, and pages that hide where they are."""
    label = "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))
    for origin in (
        "null",
        f"https://{label}.example",
        f"http://127.0.0.1:{port}.{label}.example",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1",
        f"http://localhost:{port}/",
        f"HTTP://127.0.0.1:{port}",
        f"file://{label}",
        f"chrome-extension://{label}",
    ):
        yield {"Origin": origin}
    yield {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}


SIMPLE = [
    {"Content-Type": "text/plain"},
    {"Content-Type": "text/plain; charset=application/json"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "multipart/form-data; boundary=application/json"},
    {"Content-Type": "application/jsonp"},
    {"Content-Type": ""},
]


def test_no_stranger_reaches_any_state(rig: Rig) -> None:
    print(f"seed {SEED}")
    source = random.Random(SEED)
    port = rig.url.rsplit(":", 1)[1]
    routes = [
        (method.upper(), path.replace("{sale_id}", str(uuid.uuid4())))
        for path, calls in rig.http.get("/openapi.json").json()["paths"].items()
        for method in calls
    ]
    assert len(routes) > 35
    before = state(rig)
    tried = 0
    with httpx.Client(base_url=rig.url, timeout=20) as http:
        for _ in range(ROUNDS):
            attacks = [*hosts(source, port), *origins(source, port)]
            for method, path in routes:
                simple = SIMPLE if method not in ("GET", "HEAD") else []
                for bad in source.sample([*attacks, *simple], k=8):
                    headers = {
                        "Authorization": f"Bearer {TOKEN}",
                        "Content-Type": "application/json",
                        **bad,
                    }
                    body = None if method == "GET" else b'{"code": "x"}'
                    answer = http.request(method, path, headers=headers, content=body)
                    assert answer.status_code == 403, (method, path, bad, answer.text)
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert "access-control-allow-origin" not in answer.headers
                    tried += 1
        for bad in (*hosts(source, port), *origins(source, port)):
            answer = http.options("/v1/state", headers=bad)
            assert answer.status_code == 403, bad
    print(f"{tried} requests of strangers")
    assert tried == ROUNDS * 8 * len(routes)
    assert state(rig) == before


def state(rig: Rig) -> dict[str, int]:
    """How many rows each table of the ledger holds."""
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names
        }
