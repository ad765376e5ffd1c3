"""Two servers, each with a part of the rows; CENTRE_TEST_NODES=2 runs this whole folder so."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.soak.central_rig import make_fact, sale_body
from central import enrolment
from central.audit import check_books
from central.db.embedded import embedded
from central.db.migrate import migrate
from central.db.placement import BY_MEMBER, BY_REGISTER, DISTRIBUTION
from central.db.session import connect, open_pool
from central.service import CentreService
from sync.contract.chain import GENESIS
from sync.contract.messages import Fact, UploadBatch
from sync.serving.port import Caller
from tests.support.routed_statements import NEAR_ONLY, CannotRoute, node_of
from tests.support.two_nodes import second_node

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
REGISTERS = ("R1", "R2", "R3", "R4", "R5")
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[str, str]]:
    """URLs of both, migrated; the first is routed."""
    with tempfile.TemporaryDirectory(prefix="two-nodes-") as name:
        folder = Path(name)
        with (
            embedded(folder / "one") as url,
            second_node(url, folder / "two", None),
            embedded(folder / "two") as far_url,
        ):
            migrate(url)
            yield url, far_url


def batch(register: str) -> UploadBatch:
    """Ten sales of ten members."""
    facts: list[Fact] = []
    previous = GENESIS
    for member in range(1, 11):
        facts.append(
            make_fact(
                register, 1, member, sale_body(register, "S1", member, 100 + member), previous
            )
        )
        previous = bytes.fromhex(facts[-1].hash)
    return UploadBatch(register_id=register, epoch=1, facts=facts)


def rows(url: str, table: str, column: str) -> list[Any]:
    """Distribution values of one server's own rows: this connection is not routed."""
    with psycopg.Connection.connect(url) as connection:
        return [row[0] for row in connection.execute(f"select {column} from {table}".encode())]


def test_every_row_lies_where_its_distribution_value_says(nodes: tuple[str, str]) -> None:
    with connect(nodes[0]) as connection, connection.transaction():
        for register in REGISTERS:
            enrolment.create_code(connection, "S1", register, "", 1, NOW)
            head = [register, 1, b"k", "m", NOW, 0, GENESIS]
            connection.execute(
                "insert into register_epoch (register_id, epoch, public_key, machine, enrolled_at,"
                " head_seq, head_hash) values (%s, %s, %s, %s, %s, %s, %s)",
                head,
            )
            connection.execute(
                "insert into applied (register_id, epoch, seq) values (%s, %s, 0)", [register, 1]
            )
    pool = open_pool(nodes[0], 2)
    service = CentreService(pool, [], lambda: NOW)
    for register in REGISTERS:
        reply = service.upload(Caller(register, "S1", 1, True), batch(register))
        assert {item.verdict for item in reply.verdicts} == {"accepted"}
    pool.close()

    for table in ("fact", "fact_body", "subject", "member", "account", "entry", "leg", "sale"):
        assert table in (*BY_MEMBER, *BY_REGISTER)
        for node, url in enumerate(nodes):
            values = rows(url, table, DISTRIBUTION[table])
            assert values, f"server {node} has no {table}"
            assert {node_of(value) for value in values} == {node}, table
    assert rows(nodes[1], NEAR_ONLY, "member_id") == []
    with connect(nodes[0]) as connection:
        assert connection.execute("select count(*) from fact").fetchone() == (50,)
        assert check_books(connection)["ok"]


def test_what_fails_on_one_server_is_undone_on_both(nodes: tuple[str, str]) -> None:
    numbers = {node: next(n for n in range(1, 99) if node_of(n) == node) for node in (0, 1)}
    with connect(nodes[0]) as connection:

        def add(*nodes: int) -> None:
            with connection.transaction():
                for node in nodes:
                    connection.execute(
                        "insert into person (member_id, name) values (%s, %s)", [numbers[node], "О"]
                    )

        with pytest.raises(psycopg.errors.UniqueViolation):
            add(1, 0, 0)
        assert connection.execute("select count(*) from person").fetchone() == (0,)
        add(1, 0)
    assert [len(rows(url, "person", "member_id")) for url in nodes] == [1, 1]


@pytest.mark.parametrize(
    "statement",
    [
        "update member set tier = '' from subject where subject.member_id = member.member_id",
        "delete from change using member where member.member_id = change.member_id",
        "insert into member (member_id, created_at) values (7, now())",
    ],
)
def test_a_statement_that_no_cluster_would_take_is_refused(
    nodes: tuple[str, str], statement: str
) -> None:
    with connect(nodes[0]) as connection, pytest.raises(CannotRoute):
        connection.execute(statement.encode())
