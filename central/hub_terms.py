"""Terms of store hubs: which register lends for its store, signed so that a LAN can believe it.

A term names the store's registers with their keys, addresses and certificates. It is numbered, and
a newer one ends the older. Rights that the old hub holds stay debited until its own log or those of
its peers give them back.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from central.changes import Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.instants import to_text
from central.keys import SigningKey
from sync.contract.messages import canonical_json
from sync.contract.rights import MAX_PEERS, FeedHubTerm, HubPeer, HubTerm
from sync.contract.signing import sign_hub_term

KIND = "hub_term"
LIFE = timedelta(days=365)
_LOCK = 5_260_871_003
# A register's clock may stand anywhere: a certificate ends with its term, not by its dates.
_FROM = datetime(1970, 1, 1, tzinfo=UTC)
_UNTIL = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A register of a store as it is enrolled now."""

    register_id: str
    epoch: int
    public_key: bytes


def name_hub(
    connection: Connection,
    store_id: str,
    register_id: str,
    addresses: Mapping[str, str],
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
    stand_in: str = "",
    stands_for: str = "",
    follows: int | None = None,
) -> HubTerm:
    """Make a register its store's hub by a new term, or renew the term with the keys and addresses
    of today. `addresses` are host:port by register; the hub needs one unless peers look for it by
    multicast. `stand_in` takes its place when it is silent, `stands_for` is the hub that it stands
    in for itself (see `central.hub_succession`). One transaction.

    Raises `BadInput` for a store without that register, or with too many, and when the term in
    force is no longer the one that this one `follows`."""
    connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    tills = registers_of(connection, store_id)
    hub = _checked(tills, store_id, register_id, addresses, stand_in)
    row = connection.execute("select term from hub_term where store_id = %s", [store_id]).fetchone()
    if follows is not None and (row is None or row[0] != follows):
        raise BadInput("other_term", "another term came meanwhile")
    try:
        term = HubTerm(
            store_id=store_id,
            term=_next(connection, store_id, int(row[0]) if row else 0),
            register_id=register_id,
            epoch=hub.epoch,
            not_before=to_text(now),
            not_after=to_text(now + LIFE),
            stand_in=stand_in,
            stands_for=stands_for,
            peers=[_peer(till, addresses.get(till.register_id, ""), key) for till in tills],
        )
    except ValueError as error:
        raise BadInput("bad_address", str(error)) from None
    _publish(connection, term, key)
    connection.execute(
        "update lease set is_hub = true where register_id = %s and epoch = %s",
        [register_id, hub.epoch],
    )
    note_deed(connection, now, author, "hub", f"store:{store_id}", f"{register_id}: {reason}")
    return term


def _checked(
    tills: Sequence[Enrolled],
    store_id: str,
    register_id: str,
    addresses: Mapping[str, str],
    stand_in: str,
) -> Enrolled:
    """The register that shall be the hub; raises `BadInput` for names that make no term."""
    names = {till.register_id for till in tills}
    hub = next((till for till in tills if till.register_id == register_id), None)
    if hub is None:
        raise BadInput("unknown_register", f"{register_id} is not enrolled in store {store_id}")
    strangers = sorted(set(addresses) - names)
    if strangers:
        raise BadInput("unknown_register", f"no such register in {store_id}: {strangers[0]}")
    if len(tills) > MAX_PEERS:
        raise BadInput("too_many_registers", f"a term names at most {MAX_PEERS} registers")
    if stand_in and (stand_in == register_id or stand_in not in names):
        raise BadInput("unknown_register", f"{stand_in} cannot stand in in store {store_id}")
    return hub


def end_hub(
    connection: Connection, store_id: str, *, author: str, reason: str, now: datetime
) -> bool:
    """The store has no hub any more: each register is an island of its own, with what it was lent.
    False when there was none. One transaction."""
    done = connection.execute("delete from hub_term where store_id = %s", [store_id]).rowcount
    if done:
        changes = Changes()
        changes.put(KIND, store_id, {}, scope=f"store:{store_id}", is_deleted=True)
        changes.flush(connection)
        note_deed(connection, now, author, "hub", f"store:{store_id}", f"none: {reason}")
    return bool(done)


def term_of(connection: Connection, store_id: str) -> HubTerm | None:
    """The store's term in force."""
    row = connection.execute(
        "select content from hub_term where store_id = %s", [store_id]
    ).fetchone()
    return HubTerm.model_validate_json(row[0]) if row else None


def terms(connection: Connection) -> list[HubTerm]:
    """Every term in force."""
    rows = connection.execute("select content from hub_term order by store_id").fetchall()
    return [HubTerm.model_validate_json(row[0]) for row in rows]


def registers_of(connection: Connection, store_id: str) -> list[Enrolled]:
    """The store's enrolled registers with the keys of their present lives."""
    rows = connection.execute(
        "select r.register_id, r.epoch, e.public_key from register r join register_epoch e"
        " on e.register_id = r.register_id and e.epoch = r.epoch"
        " where r.store_id = %s and r.revoked_at is null order by r.register_id",
        [store_id],
    ).fetchall()
    return [Enrolled(row[0], row[1], bytes(row[2])) for row in rows]


def _next(connection: Connection, store_id: str, known: int) -> int:
    """Numbers go on when a store had no hub for a while, and over a restore: registers take rising
    ones alone."""
    row = connection.execute(
        "select version from change where kind = %s and key = %s and member_id = 0",
        [KIND, store_id],
    ).fetchone()
    floor = connection.execute("select value from meta where name = 'hub_term_floor'").fetchone()
    return max(known, int(row[0]) if row else 0, int(floor[0]) if floor else 0) + 1


def _publish(connection: Connection, term: HubTerm, key: SigningKey) -> None:
    content = canonical_json(term.model_dump(mode="json"))
    signature = sign_hub_term(key.private_key, content)
    connection.execute(
        "insert into hub_term (store_id, term, register_id, content, signature, key_id)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (store_id) do update set"
        " term = excluded.term, register_id = excluded.register_id, content = excluded.content,"
        " signature = excluded.signature, key_id = excluded.key_id",
        [term.store_id, term.term, term.register_id, content.decode(), signature, key.key_id],
    )
    row = FeedHubTerm(
        content=content.decode(),
        signature=base64.b64encode(signature).decode(),
        key_id=key.key_id,
    )
    changes = Changes()
    changes.put(KIND, term.store_id, row.model_dump(), scope=f"store:{term.store_id}")
    changes.flush(connection)


def _peer(till: Enrolled, address: str, key: SigningKey) -> HubPeer:
    return HubPeer(
        register_id=till.register_id,
        epoch=till.epoch,
        public_key=base64.b64encode(till.public_key).decode(),
        address=address,
        certificate=base64.b64encode(certificate(till, key)).decode(),
    )


def certificate(till: Enrolled, key: SigningKey) -> bytes:
    """DER of a register's certificate, signed by the programme's key (RFC 8410); the same bytes
    for the same keys, so that a renewed term breaks no connection."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, till.register_id)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"programme {key.key_id}")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(Ed25519PublicKey.from_public_bytes(till.public_key))
        .serial_number(1 + int.from_bytes(hashlib.sha256(till.public_key).digest()[:15], "big"))
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .sign(Ed25519PrivateKey.from_private_bytes(key.private_key), None)
    )
    return built.public_bytes(Encoding.DER)
