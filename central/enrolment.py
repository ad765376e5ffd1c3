"""Stores, registers and their keys: one-time codes in, identities out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from central.db.bulk import Connection
from central.errors import BadInput
from central.feed import incarnation_of
from central.instants import to_text
from loyalty.errors import LoyaltyError
from loyalty.ids import parse_name
from sync.contract.chain import GENESIS
from sync.contract.messages import EnrolReply, EnrolRequest, ProgrammeKey
from sync.serving.port import Refused, RegisterKeys

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 16
MAX_TTL_HOURS = 24 * 30


def _code_hash(code: str) -> bytes:
    """Codes hold 80 random bits, so a plain hash keeps them; case and dashes do not matter."""
    plain = code.upper().replace("-", "").replace(" ", "")
    return hashlib.sha256(f"loyalty-edge/enrol/1:{plain}".encode()).digest()


def create_code(
    connection: Connection,
    store_id: str,
    register_id: str,
    store_name: str,
    ttl_hours: int,
    now: datetime,
) -> tuple[str, datetime]:
    """A one-time code for one register, and when it ends. Makes the store and register if new."""
    try:
        parse_name(store_id, "store")
        parse_name(register_id, "register")
    except LoyaltyError as error:
        raise BadInput(error.code, str(error)) from None
    if not 1 <= ttl_hours <= MAX_TTL_HOURS:
        raise BadInput("bad_ttl", f"--ttl-hours is between 1 and {MAX_TTL_HOURS}")
    connection.execute(
        "insert into store (store_id, name, phone_key, created_at) values (%s, %s, %s, %s)"
        " on conflict (store_id) do update set name = case when %s then excluded.name"
        " else store.name end",
        [store_id, store_name or store_id, secrets.token_bytes(32), now, bool(store_name)],
    )
    row = connection.execute(
        "insert into register (register_id, store_id, epoch) values (%s, %s, 0)"
        " on conflict (register_id) do update set register_id = excluded.register_id"
        " returning store_id, revoked_at",
        [register_id, store_id],
    ).fetchone()
    assert row is not None
    if row[0] != store_id:
        raise BadInput("other_store", f"register {register_id} belongs to store {row[0]}")
    if row[1] is not None:
        raise BadInput("register_revoked", f"register {register_id} is revoked")
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    expires_at = now + timedelta(hours=ttl_hours)
    connection.execute(
        "insert into enrol_code (code_hash, register_id, created_at, expires_at)"
        " values (%s, %s, %s, %s)",
        [_code_hash(code), register_id, now, expires_at],
    )
    return "-".join(code[i : i + 4] for i in range(0, _CODE_LENGTH, 4)), expires_at


def enrol(
    connection: Connection,
    request: EnrolRequest,
    programme_keys: Sequence[ProgrammeKey],
    now: datetime,
) -> EnrolReply:
    """Use up the code: the register gets its next epoch and the caller's key becomes its key.

    403 `code_refused` for a code that is unknown, used or over; 422 `bad_key`. Leases of the
    epoch before stay debited until that epoch's log is seen.
    """
    public_key = _public_key(request.public_key)
    used = connection.execute(
        "update enrol_code set used_at = %s where code_hash = %s and used_at is null"
        " and expires_at > %s returning register_id",
        [now, _code_hash(request.code), now],
    ).fetchone()
    if used is None:
        raise Refused(403, "code_refused", "the code is unknown, used or over")
    row = connection.execute(
        "update register set epoch = epoch + 1 + skipped_epochs, skipped_epochs = 0"
        " where register_id = %s and revoked_at is null"
        " returning store_id, epoch",
        [used[0]],
    ).fetchone()
    if row is None:
        raise Refused(403, "register_revoked", f"register {used[0]} is revoked")
    store_id, epoch = row
    connection.execute(
        "insert into register_epoch (register_id, epoch, public_key, machine, enrolled_at,"
        " head_hash) values (%s, %s, %s, %s, %s, %s)",
        [used[0], epoch, public_key, request.machine.replace("\x00", ""), now, GENESIS],
    )
    connection.execute(
        "insert into applied (register_id, epoch, seq) values (%s, %s, 0)", [used[0], epoch]
    )
    store = connection.execute(
        "select name, phone_key from store where store_id = %s", [store_id]
    ).fetchone()
    assert store is not None
    return EnrolReply(
        register_id=used[0],
        store_id=store_id,
        store_name=store[0],
        epoch=epoch,
        incarnation=incarnation_of(connection),
        programme_keys=list(programme_keys),
        phone_key=base64.b64encode(bytes(store[1])).decode(),
        server_time=to_text(now),
    )


def _public_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise Refused(422, "bad_key", "public_key is a base64 Ed25519 key of 32 bytes")
    return key


def revoke(connection: Connection, register_id: str, reason: str, now: datetime) -> None:
    """From now on nothing is accepted from the register; its leases stay debited."""
    row = connection.execute(
        "update register set revoked_at = coalesce(revoked_at, %s), revoked_reason = %s"
        " where register_id = %s returning register_id",
        [now, reason, register_id],
    ).fetchone()
    if row is None:
        raise BadInput("no_such_register", f"register {register_id} is not known")


def keys_of(connection: Connection, register_id: str) -> RegisterKeys | None:
    """All keys a register ever had, newest epoch first."""
    row = connection.execute(
        "select store_id, epoch, revoked_at is not null from register"
        " where register_id = %s and epoch > 0",
        [register_id],
    ).fetchone()
    if row is None:
        return None
    keys = connection.execute(
        "select epoch, public_key from register_epoch"
        " where register_id = %s and length(public_key) = 32"
        " order by epoch desc limit 20",
        [register_id],
    ).fetchall()
    store_id, current, is_revoked = row
    pairs = [(epoch, bytes(key)) for epoch, key in keys]
    return RegisterKeys(register_id, store_id, current, is_revoked, pairs)
