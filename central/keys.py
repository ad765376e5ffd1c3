"""The programme's signing keys: files in `keys/` of the data folder, private, mode 0600.

Two keys may be valid at once, so that registers learn the next one before the old one goes; the
newest signs.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from central.errors import KeysUnusable
from central.instants import to_text
from sync.contract.messages import ProgrammeKey
from sync.contract.signing import key_id, new_private_key, public_key_of

MAX_KEYS = 2


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; `created_at` is UTC ISO 8601."""

    key_id: str
    created_at: str
    private_key: bytes = field(repr=False)

    @property
    def public(self) -> ProgrammeKey:
        """What registers are told."""
        public_key = base64.b64encode(public_key_of(self.private_key)).decode()
        return ProgrammeKey(key_id=self.key_id, public_key=public_key)


PROGRAMME = "keys"


def folder_of(data_dir: Path, folder: str = PROGRAMME) -> Path:
    """Where the keys lie."""
    return data_dir / folder


def load_keys(data_dir: Path, folder: str = PROGRAMME) -> list[SigningKey]:
    """All keys, the signing one first; `KeysUnusable` names a damaged file."""
    keys = []
    for path in sorted(folder_of(data_dir, folder).glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            private_key = base64.b64decode(record["private_key"], validate=True)
            name = key_id(public_key_of(private_key))
            keys.append(SigningKey(name, str(record["created_at"]), private_key))
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
            raise KeysUnusable(f"{path} is not a key file: {error}") from None
    return sorted(keys, key=lambda key: key.created_at, reverse=True)


def create_key(
    data_dir: Path, now: datetime, *, rotate: bool = False, folder: str = PROGRAMME
) -> SigningKey:
    """The first key, or with `rotate` a second that signs from now on."""
    known = load_keys(data_dir, folder)
    if known and not rotate:
        raise KeysUnusable(f"key {known[0].key_id} exists; a second one needs --rotate")
    if len(known) >= MAX_KEYS:
        raise KeysUnusable(f"{MAX_KEYS} keys are valid already; remove the file of the older one")
    private_key = new_private_key()
    key = SigningKey(key_id(public_key_of(private_key)), to_text(now), private_key)
    place = folder_of(data_dir, folder)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    record = {
        "created_at": key.created_at,
        "private_key": base64.b64encode(private_key).decode(),
    }
    path = place / f"{key.key_id}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    return key
