"""An erased person on a register: gone from the cache, its file and its WAL within one cycle."""

from pathlib import Path

import pytest

from central import people
from central.db.session import connect
from edge_agent.ledger.cache import Cache
from edge_agent.sync_feed import bucket_check
from sync.centre_client import CentreClient
from sync.contract.cache_format import FORMAT
from sync.contract.tokens import phone_token
from sync.downlink import Downlink
from sync.enrolment import enrol

pytestmark = pytest.mark.postgres
NAME = "Зореслава Дармограй"
SHOWN = "Зореслава Д."


def traces(folder: Path, texts: list[bytes]) -> list[tuple[str, bytes]]:
    """Which file still holds what."""
    return [
        (file.name, text)
        for file in sorted(folder.iterdir())
        if file.is_file()
        for text in texts
        if text in file.read_bytes()
    ]


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_nothing_of_an_erased_person_stays_on_a_register(
    centre, add_member, sale_body, db, tmp_path, by_snapshot
):
    member = add_member("50", name=NAME)
    others = [add_member("1") for _ in range(50)]
    seller = centre.till("S1", "R7")
    body = sale_body(seller, member)
    body["lines"][0]["name"] = "Дуже рідкісна книга"
    seller.send("sale", body)
    for other in others:
        seller.send("sale", sale_body(seller, other))
    identity = enrol(centre.url, centre.code("S1", "R1"), None, "desk", "0.1.0")
    clock = "2026-11-22T09:00:00Z"
    client = CentreClient(centre.url, "R1", identity.private_key, None, lambda: clock)
    folder = tmp_path / "register"
    folder.mkdir()
    cache = Cache(folder / "cache.db")
    downlink = Downlink(client, cache)

    def pull():
        while downlink.pull_once().more:
            pass

    try:
        if by_snapshot:
            info = client.snapshot(FORMAT)
            file = folder / "fetched.db"
            file.write_bytes(b"".join(client.snapshot_bytes(info.snapshot_id, 0)))
            cache.install(file, info)
            file.unlink(missing_ok=True)
        pull()
        assert cache.member(member).name == SHOWN
        phone = db.execute("select phone from person where member_id = %s", [member]).fetchone()[0]
        token = phone_token(identity.phone_key, phone)
        assert cache.find_member_by_token(token) is not None
        texts = [SHOWN.encode(), "рідкісна".encode()]
        assert traces(folder, texts) != []
        with connect(centre.database_url) as own, own.transaction():
            people.erase(own, member, centre.clock(), "test", "asked")
        pull()
        assert cache.member(member) is None
        assert cache.find_member_by_token(token) is None
        checked = bucket_check(client, cache, identity, lambda: None).run()
        assert checked.dropped >= 2, "card and phone"
        assert bucket_check(client, cache, identity, lambda: None).run().different == 0
    finally:
        cache.close()
        client.close()
    assert traces(folder, texts) == []
