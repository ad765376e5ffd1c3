"""Keys under which purses are signed: files of their own, public halves told by the feed.

They are not the programme's keys, for the machine that answers the member's page signs all day; a
programme key vouches for each, so a register trusts none that only the feed names. Two are valid
at a time: registers learn the next one before the page uses it for long.
"""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

from central.changes import Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput, KeysUnusable
from central.keys import SigningKey, create_key, load_keys
from sync.contract.rights import FeedPurseKey
from sync.contract.signing import public_key_of, sign_purse_key

FOLDER = "purse-keys"


def load(data_dir: Path) -> list[SigningKey]:
    """All keys, the signing one first."""
    return load_keys(data_dir, FOLDER)


def create(
    connection: Connection,
    data_dir: Path,
    now: datetime,
    author: str,
    reason: str,
    *,
    rotate: bool = False,
) -> SigningKey:
    """The first key, or with `rotate` a second one, and its row in the feed. One transaction;
    `KeysUnusable` when there is no programme key to vouch for it, or two are valid already."""
    programme = load_keys(data_dir)
    if not programme:
        raise KeysUnusable("there is no programme key: `edge-central keys init` makes one")
    key = create_key(data_dir, now, rotate=rotate, folder=FOLDER)
    public_key = public_key_of(key.private_key)
    signature = sign_purse_key(programme[0].private_key, public_key)
    connection.execute(
        "insert into purse_key (key_id, public_key, signature, signed_by) values (%s, %s, %s, %s)",
        [key.key_id, public_key, signature, programme[0].key_id],
    )
    row = FeedPurseKey(
        key_id=key.key_id,
        public_key=base64.b64encode(public_key).decode(),
        signature=base64.b64encode(signature).decode(),
        signed_by=programme[0].key_id,
    )
    changes = Changes()
    changes.put("purse_key", key.key_id, row.model_dump())
    changes.flush(connection)
    note_deed(connection, now, author, "purse_key", f"key:{key.key_id}", reason)
    return key


def drop(
    connection: Connection, data_dir: Path, key_id: str, now: datetime, author: str, reason: str
) -> None:
    """Registers take no purse of this key any more; its file goes. One transaction."""
    found = connection.execute(
        "delete from purse_key where key_id = %s returning 1", [key_id]
    ).fetchone()
    if found is None:
        raise BadInput("no_such_key", f"no purse key {key_id} is valid")
    changes = Changes()
    changes.put("purse_key", key_id, {}, is_deleted=True)
    changes.flush(connection)
    note_deed(connection, now, author, "purse_key_dropped", f"key:{key_id}", reason)
    (data_dir / FOLDER / f"{key_id}.json").unlink(missing_ok=True)
