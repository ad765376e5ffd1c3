"""A store of registers with a term that a centre has signed: for tests of the hub."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from central.hub_terms import Enrolled, certificate
from central.keys import SigningKey
from sync.contract.feed import FeedRow
from sync.contract.messages import canonical_json
from sync.contract.rights import FeedHubTerm, HubPeer, HubTerm
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_hub_term
from sync.enrolment import Identity

STORE = "S1"
PHONE_KEY = bytes(range(32))


class Shop:
    """Registers R1…Rn of one store; R1 is the hub unless a term says otherwise."""

    def __init__(self, registers: int = 3) -> None:
        self.key = SigningKey("", "2026-01-01T00:00:00Z", new_private_key())
        self.key_id = key_id(public_key_of(self.key.private_key))
        self.identities = [self.identity(f"R{n + 1}") for n in range(registers)]

    def identity(self, name: str, epoch: int = 1) -> Identity:
        """A register enrolled with a key of its own."""
        return Identity(
            register_id=name,
            store_id=STORE,
            store_name="Крамниця",
            epoch=epoch,
            incarnation="test",
            centre_url="http://127.0.0.1:9",
            ca_pem="",
            programme_keys={self.key_id: public_key_of(self.key.private_key)},
            private_key=new_private_key(),
            phone_key=PHONE_KEY,
        )

    def save(self, identity: Identity, folder: Path) -> Path:
        """The identity's file in a data folder."""
        folder.mkdir(parents=True, exist_ok=True)
        identity.save(folder / "identity.json")
        return folder

    def term_row(
        self,
        number: int = 1,
        hub: str = "R1",
        addresses: Mapping[str, str] | None = None,
        *,
        store: str = STORE,
        signed_with: bytes | None = None,
        without: str = "",
    ) -> FeedRow:
        """The feed's row of a term."""
        peers = [
            self._peer(each, (addresses or {}).get(each.register_id, ""))
            for each in self.identities
            if each.register_id != without
        ]
        epoch = next(each.epoch for each in self.identities if each.register_id == hub)
        term = HubTerm(
            store_id=store,
            term=number,
            register_id=hub,
            epoch=epoch,
            not_before="2026-01-01T00:00:00Z",
            not_after="2027-01-01T00:00:00Z",
            peers=peers,
        )
        content = canonical_json(term.model_dump(mode="json"))
        signature = sign_hub_term(signed_with or self.key.private_key, content)
        row = FeedHubTerm(
            content=content.decode(),
            signature=base64.b64encode(signature).decode(),
            key_id=self.key_id,
        )
        return FeedRow(kind="hub_term", key=store, version=number, body=row.model_dump())

    def _peer(self, identity: Identity, address: str) -> HubPeer:
        public = public_key_of(identity.private_key)
        enrolled = Enrolled(identity.register_id, identity.epoch, public)
        return HubPeer(
            register_id=identity.register_id,
            epoch=identity.epoch,
            public_key=base64.b64encode(public).decode(),
            address=address,
            certificate=base64.b64encode(certificate(enrolled, self.key)).decode(),
        )
