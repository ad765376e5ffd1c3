"""Rule bundles in two slots: refused when wrong, activated between receipts, safe in a crash."""

from __future__ import annotations

import contextlib
import json
import os
import random
from datetime import UTC, datetime

import pytest

from edge_agent.bundles import CLOCK_RETRY_S, BundleStore
from loyalty.errors import InvalidRuleset
from sync.contract.bundle import seal
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_bundle
from sync.errors import LocalStoreFailed

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CREATED = "2026-05-01T00:00:00Z"
KEY = new_private_key()
KEY_ID = key_id(public_key_of(KEY))
TRUSTED = {KEY_ID: public_key_of(KEY)}


def bundle(sequence, key=KEY, **options):
    draft = json.dumps({"note": f"rules {sequence}"}).encode()
    data = seal(draft, sequence, CREATED, **options)
    return data, sign_bundle(key, data), key_id(public_key_of(key))


def offer(store, sequence, now=NOW, **options):
    return store.offer(*bundle(sequence, **options), now)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "bundles"


@pytest.fixture
def store(folder):
    return BundleStore.open(folder, TRUSTED)


def sequences(store):
    return store.active_sequence, store.downloaded_sequence


def test_an_empty_store_has_no_rules(store):
    assert store.active is None
    assert store.active_bundle is None
    assert store.activate_pending() is None
    assert sequences(store) == (0, 0)
    assert store.refused is None


def test_a_bundle_waits_until_it_is_activated(store):
    assert offer(store, 3) == 3
    assert (store.active, sequences(store)) == (None, (0, 3))
    rules = store.activate_pending()
    assert rules is store.active
    assert (rules.sequence, sequences(store)) == (3, (3, 3))
    assert store.active_bundle.note == "rules 3"
    assert store.activate_pending() is None


def test_what_waited_and_what_was_active_survive_a_restart(folder, store):
    offer(store, 1)
    store.activate_pending()
    offer(store, 2)
    again = BundleStore.open(folder, TRUSTED)
    assert sequences(again) == (1, 2)
    again.activate_pending()
    third = BundleStore.open(folder, TRUSTED)
    assert sequences(third) == (2, 2)
    assert sorted(entry.name for entry in folder.iterdir()) == [
        "current.json",
        "current.json.sig",
        "previous.json",
        "previous.json.sig",
    ]
    assert json.loads((folder / "previous.json").read_bytes())["sequence"] == 1


def test_a_newer_bundle_replaces_the_one_that_waits(store):
    offer(store, 1)
    offer(store, 5)
    assert store.activate_pending().sequence == 5


REFUSED = {
    "bad_signature": lambda: (bundle(9)[0], bundle(8)[1], KEY_ID),
    "unknown_key": lambda: bundle(9, key=new_private_key()),
    "lower_sequence": lambda: bundle(4),
    "expired": lambda: bundle(9, expires_at="2026-04-28T12:00:00Z"),
    "not_yet_valid": lambda: bundle(9, not_before="2026-05-01T12:00:01Z"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_wrong_bundle_is_refused_and_the_old_rules_stay(folder, store, code):
    offer(store, 4)
    store.activate_pending()
    with pytest.raises(InvalidRuleset) as refused:
        store.offer(*REFUSED[code](), NOW, 9)
    assert refused.value.code == code
    assert (store.refused.sequence, store.refused.code) == (9, code)
    assert store.is_refused(9)
    assert not store.is_refused(10)
    assert store.activate_pending() is None
    assert sequences(store) == (4, 4)
    assert not (folder / "pending.json").exists()
    offer(store, 10)
    assert store.refused is None
    assert store.activate_pending().sequence == 10


def test_a_bundle_for_a_newer_agent_is_refused(folder):
    store = BundleStore.open(folder, TRUSTED, agent_version="1.4.0")
    with pytest.raises(InvalidRuleset) as refused:
        offer(store, 2, min_agent_version="1.5")
    assert refused.value.code == "agent_too_old"
    assert store.refused.sequence == 2


def test_another_bundle_than_the_one_asked_for_is_refused(store):
    with pytest.raises(InvalidRuleset) as refused:
        store.offer(*bundle(7), NOW, 8)
    assert (refused.value.code, store.refused.sequence) == ("wrong_sequence", 8)


def test_no_flipped_bit_is_accepted(store):
    data, signature, name = bundle(9)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(200):
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        damaged = bytearray(data)
        damaged[place] ^= 1 << bit
        with pytest.raises(InvalidRuleset):
            store.offer(bytes(damaged), signature, name, NOW, 9)
    for place in range(64):
        damaged = bytearray(signature)
        damaged[place] ^= 1 << chance.randrange(8)
        with pytest.raises(InvalidRuleset):
            store.offer(data, bytes(damaged), name, NOW, 9)
    assert sequences(store) == (0, 0), f"seed {seed}"


def test_a_refusal_by_date_is_tried_again_after_an_hour(folder):
    now_s = 1_000.0
    store = BundleStore(folder, TRUSTED, monotonic=lambda: now_s)
    folder.mkdir()
    with pytest.raises(InvalidRuleset):
        offer(store, 2, not_before="2026-05-01T13:00:00Z")
    with pytest.raises(InvalidRuleset):
        store.offer(b"{", b"", KEY_ID, NOW, 3)
    assert store.is_refused(2)
    now_s += CLOCK_RETRY_S
    assert not store.is_refused(2)
    assert store.is_refused(3)


def test_refusals_are_remembered_within_a_bound(store):
    for sequence in range(1, 200):
        store.refuse(sequence, "digest_mismatch", "")
    assert store.is_refused(199)
    assert not store.is_refused(1)


def activated(folder):
    """Bundles 1 and 2, the second active."""
    store = BundleStore.open(folder, TRUSTED)
    for sequence in (1, 2):
        offer(store, sequence)
        store.activate_pending()
    return store


def spoil(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["current.json", "current.json.sig"])
@pytest.mark.parametrize("harm", [spoil, os.unlink, lambda path: path.write_bytes(b"")])
def test_a_broken_current_slot_falls_back_to_previous(folder, name, harm):
    activated(folder)
    harm(folder / name)
    store = BundleStore.open(folder, TRUSTED)
    assert sequences(store) == (1, 1)
    # The good previous slot must survive the next activation.
    offer(store, 2)
    assert store.activate_pending().sequence == 2
    spoil(folder / "current.json")
    assert BundleStore.open(folder, TRUSTED).active_sequence == 1


def test_a_key_that_is_no_longer_trusted_does_not_run(folder):
    activated(folder)
    other = new_private_key()
    store = BundleStore.open(folder, {key_id(public_key_of(other)): public_key_of(other)})
    assert store.active is None


def test_dates_do_not_take_the_rules_away_at_start(folder):
    store = BundleStore.open(folder, TRUSTED)
    offer(store, 1, expires_at="2026-05-01T13:00:00Z", not_before="2026-05-01T11:00:00Z")
    store.activate_pending()
    again = BundleStore.open(folder, TRUSTED)
    assert again.active_sequence == 1
    assert again.active_bundle.expires_at == "2026-05-01T13:00:00Z"


class PowerCut(Exception):
    """The machine stopped here."""


@pytest.fixture
def stop_renames(monkeypatch):
    """Lets so many renames through and answers the next one with an error; `None` lifts it."""
    real = os.replace

    def arrange(survived, error=None):
        done = 0

        def replace(source, target):
            nonlocal done
            if done == survived:
                raise error
            done += 1
            real(source, target)

        monkeypatch.setattr(os, "replace", real if survived is None else replace)

    return arrange


@pytest.mark.parametrize(("survived", "active"), [(0, 2), (1, 2), (2, 2), (3, 3), (4, 3)])
def test_a_power_cut_at_any_rename_loses_neither_rules(folder, stop_renames, survived, active):
    store = activated(folder)
    offer(store, 3)
    stop_renames(survived, PowerCut())
    with contextlib.suppress(PowerCut):
        store.activate_pending()
    stop_renames(None)
    again = BundleStore.open(folder, TRUSTED)
    assert sequences(again) == (active, 3)
    # A further bundle must find a sound folder, whatever was mixed up.
    offer(again, 4)
    assert sequences(BundleStore.open(folder, TRUSTED)) == (active, 4)
    assert again.activate_pending().sequence == 4
    assert BundleStore.open(folder, TRUSTED).active_sequence == 4


@pytest.mark.parametrize(("survived", "active"), [(0, 2), (1, 2), (2, 2), (3, 3)])
def test_a_disk_error_at_any_rename_is_survived_without_a_restart(
    folder, stop_renames, survived, active
):
    store = activated(folder)
    offer(store, 3)
    stop_renames(survived, OSError("disk"))
    if active == 2:
        with pytest.raises(LocalStoreFailed):
            store.activate_pending()
    else:
        assert store.activate_pending().sequence == 3
    stop_renames(None)
    assert sequences(store) == (active, 3)
    if active == 2:
        assert store.activate_pending().sequence == 3
    assert sequences(BundleStore.open(folder, TRUSTED)) == (3, 3)


@pytest.mark.skipif(os.name != "posix", reason="blocks a name by a folder")
def test_a_disk_that_refuses_leaves_the_active_rules(folder, store):
    offer(store, 1)
    store.activate_pending()
    blocked = folder / "pending.json.new"
    blocked.mkdir()
    with pytest.raises(LocalStoreFailed):
        offer(store, 2)
    assert sequences(store) == (1, 1)
    blocked.rmdir()
    offer(store, 2)
    (folder / "previous.json").mkdir()
    with pytest.raises(LocalStoreFailed):
        store.activate_pending()
    assert (store.active.sequence, store.downloaded_sequence) == (1, 2)
    (folder / "previous.json").rmdir()
    assert store.activate_pending().sequence == 2


def test_a_folder_that_cannot_be_made_is_a_clear_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStoreFailed, match="cannot be used"):
        BundleStore.open(tmp_path / "file" / "bundles", TRUSTED)
