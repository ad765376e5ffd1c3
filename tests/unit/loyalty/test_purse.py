"""The signed purse: form, size on the screen, every refusal with its code."""

from __future__ import annotations

from dataclasses import replace

import pytest
import segno
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from loyalty import base45, purse
from loyalty.codes import CodePolicy, classify
from loyalty.purse import Claim, Place, PurseRefused, Sighting

NOW = 29_000_000
LIFE = 72 * 60
SEED = bytes(range(16))
KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)]
PUBLIC = [key.public_key().public_bytes_raw() for key in KEYS]
BY_TAG = purse.keys_by_tag(PUBLIC)
HERE = purse.store_tag("S1")


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def claim(**changes) -> Claim:
    stores = (HERE, purse.store_tag("S2"), purse.store_tag("S3"))
    made = Claim(purse.key_tag(PUBLIC[0]), 7, 2**53 - 1, 10_000, NOW, LIFE, stores)
    return replace(made, **changes)


def still(**changes) -> str:
    return purse.issue(claim(**changes), KEYS[0].sign)


def moving(link_no: int, **changes) -> str:
    made = claim(chain_end=purse.chain_end(SEED, LIFE), **changes)
    return purse.issue(made, KEYS[0].sign) + purse.suffix(SEED, LIFE, link_no)


def decide(text: str, now: int = NOW + 10, seen: Sighting | None = None, **where) -> int:
    shown = purse.read(text, BY_TAG, verify)
    return purse.points_left(shown, replace(Place(HERE, now), **where), seen)


def code_of(*args, **where) -> str:
    with pytest.raises(PurseRefused) as refused:
        decide(*args, **where)
    return refused.value.code


def test_a_register_that_never_saw_the_member_takes_it():
    assert purse.read(still(), BY_TAG, verify).claim == claim()
    assert decide(still()) == 10_000
    assert decide(moving(10)) == 10_000


@pytest.mark.parametrize(
    ("text", "level", "version"),
    [
        (still(), "m", 6),
        (moving(0)[: -len(purse.suffix(SEED, LIFE, 0))], "m", 7),
        (moving(4000), "l", 7),
    ],
)
def test_the_code_is_small_enough_for_a_screen(text, level, version):
    made = segno.make_qr(text, error=level, boost_error=False)
    assert (made.mode, made.version) == ("alphanumeric", version)


def test_bounds_of_what_is_signed():
    for wrong in (
        {"serial": 0}, {"serial": 2**40}, {"member_id": 0}, {"points": 0}, {"points": 2**24},
        {"life_min": 0}, {"life_min": LIFE + 1}, {"stores": (1, 2, 3, 4)}, {"stores": (1, 1)},
        {"stores": (0,)}, {"chain_end": b"short"}, {"not_before_min": -1},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="bounds"):
            purse.pack(claim(**wrong))
    with pytest.raises(ValueError, match="64"):
        purse.issue(claim(), lambda _message: b"")
    with pytest.raises(ValueError, match="seed"):
        purse.chain_end(b"x", LIFE)


def test_both_keys_are_taken_during_a_rotation():
    second = purse.issue(claim(key_tag=purse.key_tag(PUBLIC[1])), KEYS[1].sign)
    assert decide(second) == 10_000
    assert purse.keys_by_tag([*PUBLIC, PUBLIC[0]])[purse.key_tag(PUBLIC[0])] == (PUBLIC[0],) * 2


def test_forged_and_malformed():
    unknown = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    assert code_of(purse.issue(claim(key_tag=1), unknown.sign)) == "purse_unknown_key"
    assert code_of(purse.issue(claim(), unknown.sign)) == "purse_forged"
    raised = purse.pack(claim(points=90_000))
    signature = base45.decode(still()[4:])[purse.STILL_BYTES :]
    assert code_of("LP1:" + base45.encode(raised + signature)) == "purse_forged"
    # A signature of the same key over something else.
    other = KEYS[0].sign(purse.pack(claim()))
    assert code_of("LP1:" + base45.encode(purse.pack(claim()) + other)) == "purse_forged"
    for text in ("", "LP1:", "LP2:" + still()[4:], still()[:-9], still() + "0", "LP1:" + "é" * 150):
        assert code_of(text) == "purse_malformed", text


def test_a_moving_claim_counts_only_with_its_suffix():
    whole = moving(10)
    assert code_of(whole[: -len(purse.suffix(SEED, LIFE, 10))]) == "purse_malformed"
    as_still = bytearray(base45.decode(whole[4:]))[: purse.STILL_BYTES + 64]
    as_still[0] &= 0xF0
    assert code_of("LP1:" + base45.encode(bytes(as_still))) == "purse_forged"


def test_store_time_and_floor():
    assert code_of(still(), store_tag=purse.store_tag("S9")) == "purse_wrong_store"
    assert code_of(still(stores=())) == "purse_wrong_store"
    assert decide(still(stores=()), any_store=True) == 10_000
    assert code_of(still(), NOW - 6) == "purse_early"
    assert decide(still(), NOW - 5) == 10_000
    assert decide(still(), NOW + LIFE + 5) == 10_000
    assert code_of(still(), NOW + LIFE + 6) == "purse_expired"
    # Closed in this register's log: no clock brings it back.
    assert code_of(still(), NOW + 10, floor_min=NOW + LIFE) == "purse_expired"
    assert decide(still(), NOW + 10, floor_min=NOW + LIFE - 1) == 10_000


def test_a_still_code_counts_once_for_an_island():
    shown = purse.read(still(), BY_TAG, verify)
    seen = purse.taken(None, shown, 1)
    assert code_of(still(), NOW + 10, seen) == "purse_replayed"
    # The same serial under a new QR is the same purse.
    assert code_of(still(not_before_min=NOW + 1), NOW + 10, seen) == "purse_replayed"


def test_the_link_of_a_moving_code_only_rises():
    seen = purse.taken(None, purse.read(moving(10), BY_TAG, verify), 4_000)
    assert seen == Sighting(4_000, NOW + 10)
    assert code_of(moving(10), NOW + 10, seen) == "purse_replayed"
    assert code_of(moving(9), NOW + 10, seen) == "purse_replayed"
    assert decide(moving(11), NOW + 11, seen) == 6_000
    # A renewal has a chain of its own, whose first links are later than those of the old one.
    assert decide(moving(0, not_before_min=NOW + 12), NOW + 12, seen) == 6_000
    assert code_of(moving(0, not_before_min=NOW + 10), NOW + 10, seen) == "purse_replayed"
    spent = purse.taken(seen, purse.read(moving(11), BY_TAG, verify), 6_000)
    assert code_of(moving(12), NOW + 12, spent) == "purse_spent"


def test_a_link_cannot_be_made_from_an_earlier_one_nor_kept():
    assert code_of(moving(10), NOW + 16) == "purse_stale_link"
    assert code_of(moving(16), NOW + 10) == "purse_stale_link"
    data = bytearray(base45.decode(moving(10)[4:]))
    data[purse.MOVING_BYTES + 64 + 1] = 11
    assert code_of("LP1:" + base45.encode(bytes(data))) == "purse_bad_link"
    assert decide(moving(LIFE), NOW + LIFE + 5) == 10_000
    far = purse.Shown(claim(chain_end=b"e" * 16), LIFE + 1, b"l" * 16)
    assert not purse.link_holds(far)


def test_the_text_survives_reader_and_keyboard():
    """Small letters, and a wedge that types on a Ukrainian layout."""
    policy = CodePolicy()
    for serial in range(1, 400):
        text = still(serial=serial)
        found = classify(text.lower(), "]Q3", "scanner", policy)
        assert (found.kind, found.masked) == ("purse", "LP1:****")
        assert purse.read(found.purse, BY_TAG, verify).claim.serial == serial
        keys = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM:./$", "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬЖю.;")
        wedge = classify(text.translate(keys), "", "keyboard", policy)
        assert purse.read(wedge.purse, BY_TAG, verify).claim.serial == serial
