"""Becoming a register, and keeping what it was given."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import sys

import pytest

from loyalty.errors import InvalidToken
from sync.centre_client import CentreClient
from sync.contract.signing import public_key_of
from sync.contract.tokens import phone_token
from sync.enrolment import Identity, enrol
from sync.errors import BadCentreAddress, CentreRefused, CentreUnavailable, IdentityError


def test_a_code_becomes_an_identity_that_signs(centre, tmp_path):
    identity = enrol(centre.url + "/", " ENROL-ME-1 ", None, "till-1", "1.0")
    assert (identity.register_id, identity.store_id, identity.epoch) == ("r1", "s1", 1)
    assert identity.centre_url == centre.url
    assert centre.state.register_key == public_key_of(identity.private_key)
    assert list(identity.programme_keys.values()) == [public_key_of(centre.state.programme_key)]

    path = tmp_path / "deep" / "identity.json"
    identity.save(path)
    loaded = Identity.load(path)
    assert loaded == identity
    client = CentreClient(
        loaded.centre_url, loaded.register_id, loaded.private_key, None, lambda: "2026-01-01T00:00Z"
    )
    assert client.feed("", 10).incarnation == loaded.incarnation
    client.close()


def test_a_code_works_once(centre):
    enrol(centre.url, "ENROL-ME-1", None, "", "")
    with pytest.raises(CentreRefused) as refused:
        enrol(centre.url, "ENROL-ME-1", None, "", "")
    assert (refused.value.code, refused.value.status) == ("bad_code", 403)


def test_enrolment_fails_in_clear_words(centre, tmp_path):
    with pytest.raises(IdentityError, match="8 to 64 characters"):
        enrol(centre.url, "short", None, "", "")
    with pytest.raises(BadCentreAddress):
        enrol("http://centre.example", "ENROL-ME-1", None, "", "")
    with pytest.raises(BadCentreAddress, match="cannot be read"):
        enrol(centre.url, "ENROL-ME-1", tmp_path / "missing.pem", "", "")
    centre.faults.mode = "html"
    with pytest.raises(CentreUnavailable):
        enrol(centre.url, "ENROL-ME-1", None, "", "")


def test_an_answer_with_a_short_key_is_not_taken(centre):
    centre.state.phone_key = b"short"
    with pytest.raises(IdentityError, match="phone_key"):
        enrol(centre.url, "ENROL-ME-1", None, "", "")


@pytest.fixture
def stored(centre, tmp_path):
    identity = enrol(centre.url, "ENROL-ME-1", None, "till-1", "1.0")
    path = tmp_path / "identity.json"
    identity.save(path)
    return identity, path


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_file_is_its_owners_alone(stored):
    identity, path = stored
    assert path.stat().st_mode & 0o777 == 0o600
    os.chmod(path, 0o644)
    identity.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_secrets_do_not_show(stored):
    identity, _ = stored
    for secret in (identity.private_key, identity.phone_key):
        assert repr(secret)[2:-1] not in repr(identity)
    assert "private_key" not in repr(identity)


def test_every_flipped_bit_is_noticed(stored):
    identity, path = stored
    whole = path.read_bytes()
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(300):
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            loaded = Identity.load(path)
        except IdentityError:
            continue
        # Only white space between the fields may change without a word.
        assert loaded == identity, f"seed {seed}, byte {place}, bit {bit}"


def test_a_missing_or_foreign_file_is_named(tmp_path):
    with pytest.raises(IdentityError) as missing:
        Identity.load(tmp_path / "none.json")
    assert missing.value.code == "unreadable"
    for content in (b"", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, json.dumps({"identity": 1})):
        path = tmp_path / "identity.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(IdentityError) as damaged:
            Identity.load(path)
        assert damaged.value.code == "damaged"


def test_a_failed_save_keeps_the_old_file(stored):
    identity, path = stored
    before = path.read_bytes()
    blocked = path.with_name("identity.json.new")
    blocked.mkdir()
    with pytest.raises(IdentityError, match="cannot be written"):
        identity.save(path)
    assert path.read_bytes() == before


def test_a_phone_token_is_the_keyed_digest_of_the_number():
    key = bytes(range(32))
    expected = hmac.new(key, b"+380501234567", hashlib.sha256).hexdigest()
    assert phone_token(key, "+380501234567") == f"phone:{expected}"
    assert phone_token(b"\x01" * 32, "+380501234567") != f"phone:{expected}"


@pytest.mark.parametrize(
    "text", ["380501234567", "+0501234567", "+38", "+3805012345678901", "+38 1"]
)
def test_only_e164_numbers_become_tokens(text):
    with pytest.raises(InvalidToken):
        phone_token(b"k" * 32, text)
