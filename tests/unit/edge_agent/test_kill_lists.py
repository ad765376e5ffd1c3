"""The kill-list on a register: verified, kept in two copies, in force between receipts."""

import base64

import pytest

from edge_agent.kill_lists import COPIES, KillListStore
from sync.contract.feed import FeedKillList, FeedPage, FeedRow
from sync.contract.kill_list import StoppedPromotion, seal_kill_list
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_kill_list
from sync.errors import LocalStoreFailed

KEY = new_private_key()
PUBLIC = public_key_of(KEY)
TRUSTED = {key_id(PUBLIC): PUBLIC}
AT = "2026-11-20T16:05:00.000Z"


def issued(sequence, *promotions, bundle=0, key=KEY, announced=None):
    stops = [StoppedPromotion(promotion_id=each, reason="помилка", at=AT) for each in promotions]
    content = seal_kill_list(stops, sequence, AT)
    return FeedKillList(
        sequence=announced or sequence,
        bundle_sequence=bundle,
        content=content.decode(),
        signature=base64.b64encode(sign_kill_list(key, content)).decode(),
        key_id=key_id(public_key_of(key)),
    )


class Bundles:
    active = 7


@pytest.fixture
def bundles():
    return Bundles()


@pytest.fixture
def open_store(tmp_path, bundles):
    return lambda: KillListStore.open(tmp_path, TRUSTED, lambda: bundles.active)


@pytest.fixture
def store(open_store):
    return open_store()


def test_a_list_waits_for_the_end_of_the_receipt(store):
    assert (store.stopped(), store.downloaded_sequence) == (frozenset(), 0)
    assert store.offer(issued(1, "juice"))
    assert (store.is_waiting, store.active_sequence, store.stopped()) == (True, 0, frozenset())
    assert store.activate()
    assert not store.activate()
    assert (store.active_sequence, store.stopped()) == (1, {"juice"})


def test_a_restart_keeps_it(store, open_store):
    store.offer(issued(1, "juice"))
    again = open_store()
    assert (again.active_sequence, again.stopped(), again.is_waiting) == (1, {"juice"}, False)


@pytest.mark.parametrize("damaged", COPIES)
def test_one_damaged_copy_stops_nothing_from_being_stopped(store, open_store, tmp_path, damaged):
    store.offer(issued(1, "juice"))
    data = bytearray((tmp_path / damaged).read_bytes())
    data[data.index(b"juice")] ^= 1
    (tmp_path / damaged).write_bytes(data)
    assert open_store().stopped() == {"juice"}
    # The start has put the damaged copy right: now the other one may go.
    other = next(name for name in COPIES if name != damaged)
    (tmp_path / other).unlink()
    assert open_store().stopped() == {"juice"}


def test_a_copy_that_a_crash_left_behind_is_not_preferred(store, open_store, tmp_path):
    store.offer(issued(1, "juice"))
    old = (tmp_path / COPIES[0]).read_bytes()
    store.offer(issued(2, "juice", "tea"))
    (tmp_path / COPIES[1]).write_bytes(old)
    assert open_store().stopped() == {"juice", "tea"}


def test_both_copies_damaged_is_said_and_the_list_can_come_again(store, open_store, tmp_path):
    row = issued(3, "juice")
    store.offer(row)
    for name in COPIES:
        (tmp_path / name).write_bytes(b"{}")
    again = open_store()
    assert (again.downloaded_sequence, again.refused.code) == (0, "damaged")
    assert again.offer(row)
    assert again.refused is None


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (issued(2, "tea", key=new_private_key()), "unknown_key"),
        (issued(2, "tea").model_copy(update={"signature": "AAAA"}), "bad_signature"),
        (issued(2, "tea").model_copy(update={"signature": "no base64"}), "bad_signature"),
        (issued(1, "tea", announced=5), "wrong_sequence"),
    ],
)
def test_a_list_that_is_not_the_centres_changes_nothing(store, row, code):
    store.offer(issued(1, "juice"))
    store.activate()
    if code == "wrong_sequence":
        row = issued(9, "tea", announced=5)
    assert not store.offer(row)
    assert (store.refused.code, store.is_waiting, store.stopped()) == (code, False, {"juice"})


def test_an_older_list_is_no_news(store):
    store.offer(issued(4, "juice"))
    assert not store.offer(issued(4, "juice"))
    assert not store.offer(issued(3))
    store.activate()
    assert store.stopped() == {"juice"}


def test_what_a_list_lets_go_stays_stopped_until_its_bundle(store, open_store, bundles):
    store.offer(issued(1, "juice"))
    store.offer(issued(2, bundle=8))
    store.activate()
    assert store.stopped() == {"juice"}
    assert open_store().stopped() == {"juice"}
    store.offer(issued(3, "tea", bundle=8))
    store.activate()
    assert store.stopped() == {"juice", "tea"}
    bundles.active = 8
    assert store.stopped() == {"tea"}
    # Let go long ago, it does not come back with a later list.
    store.offer(issued(4, bundle=9))
    store.activate()
    assert store.stopped() == {"tea"}
    bundles.active = 9
    assert store.stopped() == frozenset()


def test_the_row_leaves_the_page_and_a_bad_one_does_not_stop_the_feed(store):
    member = FeedRow(kind="member", key="1", version=1)
    good = FeedRow(kind="kill_list", key="active", version=1, body=issued(1, "x").model_dump())
    page = FeedPage(incarnation="i", cursor="c", rows=[member, good], more=False, server_time=AT)
    assert store.take_from(page).rows == [member]
    assert store.downloaded_sequence == 1
    bad = page.model_copy(update={"rows": [good.model_copy(update={"body": {"sequence": "x"}})]})
    assert store.take_from(bad).rows == []
    assert (store.refused.code, store.downloaded_sequence) == ("bad_value", 1)


def test_a_full_disk_stops_the_promotion_all_the_same(store, open_store, tmp_path):
    blocked = tmp_path / f"{COPIES[0]}.new"
    blocked.mkdir()
    with pytest.raises(LocalStoreFailed):
        store.offer(issued(1, "juice"))
    store.activate()
    assert store.stopped() == {"juice"}
    blocked.rmdir()
    store.offer(issued(1, "juice"))
    assert open_store().stopped() == {"juice"}
