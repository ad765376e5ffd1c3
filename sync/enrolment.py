"""Becoming a register: a key pair made here, a one-time code, and the identity kept on disk.

The private key never leaves this machine. The identity file is replaced as a whole and carries a
digest of itself, so a flipped bit is an error at start and not a riddle at the centre.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from sync.channel import Channel
from sync.contract.messages import EnrolReply, EnrolRequest, Name, canonical_json
from sync.contract.signing import new_private_key, public_key_of
from sync.durable_file import write_durably
from sync.errors import BadCentreAddress, IdentityError

ENROL_S = 30.0
MAX_IDENTITY_BYTES = 256 * 1024

Key32 = Annotated[Base64Bytes, Field(min_length=32, max_length=32)]


class _Stored(BaseModel):
    """The identity file's content, version 1; bytes are base64."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    register_id: Name
    store_id: Name
    store_name: Annotated[str, Field(max_length=200)]
    epoch: Annotated[int, Field(ge=1)]
    incarnation: Annotated[str, Field(max_length=100)]
    centre_url: Annotated[str, Field(max_length=300)]
    ca_pem: Annotated[str, Field(max_length=100_000)]
    private_key: Key32
    phone_key: Annotated[Base64Bytes, Field(min_length=16, max_length=64)]
    programme_keys: Annotated[dict[str, Key32], Field(min_length=1, max_length=16)]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this register is and whom it trusts.

    `private_key` is the Ed25519 seed of its requests, `programme_keys` maps key ids to the public
    keys that may sign bundles, `phone_key` is the store's HMAC key of phone tokens, `ca_pem` the
    authority pinned at enrolment ("" on loopback or with the system's own).
    """

    register_id: str
    store_id: str
    store_name: str
    epoch: int
    incarnation: str
    centre_url: str
    ca_pem: str
    programme_keys: Mapping[str, bytes]
    private_key: bytes = field(repr=False)
    phone_key: bytes = field(repr=False)

    def save(self, path: Path) -> None:
        """Replace the file at `path`, readable by its owner only; raises `IdentityError`."""
        stored = {
            "version": 1,
            "register_id": self.register_id,
            "store_id": self.store_id,
            "store_name": self.store_name,
            "epoch": self.epoch,
            "incarnation": self.incarnation,
            "centre_url": self.centre_url,
            "ca_pem": self.ca_pem,
            "private_key": _text(self.private_key),
            "phone_key": _text(self.phone_key),
            "programme_keys": {name: _text(key) for name, key in self.programme_keys.items()},
        }
        document = {"identity": stored, "sha256": _digest(stored)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, json.dumps(document, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise IdentityError("unwritable", f"{path} cannot be written: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Identity:
        """Read what `save` wrote; raises `IdentityError` (`unreadable`, `damaged`)."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_IDENTITY_BYTES + 1)
        except OSError as error:
            raise IdentityError("unreadable", f"{path} cannot be read: {error}") from error
        try:
            document = json.loads(data)
            stored, digest = document["identity"], document["sha256"]
            if digest != _digest(stored):
                raise IdentityError("damaged", f"{path} is damaged: enrol this register again")
            return _identity(_Stored.model_validate(stored))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            kind = type(error).__name__
            raise IdentityError("damaged", f"{path} is not an identity file ({kind})") from None


def enrol(url: str, code: str, ca_file: Path | None, machine: str, agent_version: str) -> Identity:
    """Exchange a one-time code for an identity with a fresh key pair.

    Raises `CentreRefused` (code used, expired or unknown), `CentreUnavailable`,
    `BadCentreAddress` or `IdentityError`. Nothing is written: call `Identity.save`.
    """
    private_key = new_private_key()
    try:
        request = EnrolRequest(
            code=code.strip(),
            public_key=_text(public_key_of(private_key)),
            agent_version=agent_version[:40],
            machine=machine[:80],
        )
    except ValidationError:
        raise IdentityError("bad_code", "an enrolment code has 8 to 64 characters") from None
    ca_pem = _read_ca(ca_file)
    channel = Channel(url, lambda: datetime.now(UTC).isoformat(), ca_pem=ca_pem)
    try:
        body = canonical_json(request.model_dump(mode="json"))
        answer = channel.call("POST", "/v1/enrol", total_s=ENROL_S, body=body)
    finally:
        channel.close()
    return _accepted(answer.parse(EnrolReply), channel.base_url, ca_pem, private_key)


def _accepted(reply: EnrolReply, url: str, ca_pem: str, private_key: bytes) -> Identity:
    try:
        stored = _Stored.model_validate(
            {
                "register_id": reply.register_id,
                "store_id": reply.store_id,
                "store_name": reply.store_name,
                "epoch": reply.epoch,
                "incarnation": reply.incarnation,
                "centre_url": url,
                "ca_pem": ca_pem,
                "private_key": _text(private_key),
                "phone_key": reply.phone_key,
                "programme_keys": {key.key_id: key.public_key for key in reply.programme_keys},
            }
        )
    except ValidationError as error:
        fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise IdentityError("bad_answer", f"the centre's answer cannot be used: {fields}") from None
    return _identity(stored)


def _identity(stored: _Stored) -> Identity:
    return Identity(
        register_id=stored.register_id,
        store_id=stored.store_id,
        store_name=stored.store_name,
        epoch=stored.epoch,
        incarnation=stored.incarnation,
        centre_url=stored.centre_url,
        ca_pem=stored.ca_pem,
        programme_keys=MappingProxyType(stored.programme_keys),
        private_key=stored.private_key,
        phone_key=stored.phone_key,
    )


def _read_ca(ca_file: Path | None) -> str:
    if ca_file is None:
        return ""
    try:
        return ca_file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise BadCentreAddress(f"the CA file {ca_file} cannot be read: {error}") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _digest(stored: object) -> str:
    return hashlib.sha256(canonical_json(stored)).hexdigest()
