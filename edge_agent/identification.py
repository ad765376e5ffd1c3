"""From a scanned or typed text to a member, a product, or a sentence why it is neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from edge_agent.purse_scan import PurseScan
from edge_agent.usecases.identified import Identification
from loyalty.codes import Classified, CodePolicy, classify
from loyalty.member import Member, MemberToken, ScanSource
from loyalty.promotions.ruleset import Programme
from sync.contract.live import LookupRequest


@dataclass(frozen=True, slots=True)
class Identified:
    """`kind` says which of the fields hold: member + how, or a product's or a promotion's code,
    or a reason.

    `masked` is the only form of the code that may stand in a log. A member with a reason is one
    whose code earns and gives none of its points here. A choice is between `choices`, each of
    which was found here: only a person knows which was meant."""

    kind: (
        Literal["member", "product", "code", "choice", "unknown"]
        | Literal["badge", "gift_card", "stamp", "answer"]
    )
    masked: str
    member: Member | None = None
    how: Identification | None = None
    code: str = ""
    reason: str = ""
    choices: tuple[Identified, ...] = ()

    @property
    def signal(self) -> Literal["found", "unknown", "expired"]:
        """What the reader should beep."""
        if self.reason in EXPIRED:
            return "expired"
        return "unknown" if self.kind == "unknown" else "found"


EXPIRED = frozenset({"purse_expired", "purse_stale_link", "purse_replayed", "purse_spent"})
"""Reasons of codes that were good once: the buyer can show a fresh one."""


def policy_of(programme: Programme) -> CodePolicy:
    """How the programme classifies codes."""
    return CodePolicy(
        card_prefixes=programme.card_prefixes,
        weighed_prefixes=programme.weighed_prefixes,
        gift_card_prefixes=programme.gift_card_prefixes,
        coupon_prefixes=programme.coupon_prefixes,
        number_prefixes=programme.number_prefixes,
        order=programme.code_order,
    )


class TokenIndex(Protocol):
    """Where tokens are looked up."""

    def find_member_by_token(self, key: str) -> Member | None: ...
    def member(self, member_id: int) -> Member | None: ...


class Identifier:
    """Classifies a code, finds its member locally first, and asks the centre in at most 300 ms.

    `phone_key` maps an E.164 number to its index key; `look_up` fills the index from the centre
    and says whether it could; `read_purse` verifies the text of a purse; `has_good` says whether a
    bar code names something in the assortment."""

    def __init__(
        self,
        index: TokenIndex,
        phone_key: Callable[[str], str],
        look_up: Callable[[LookupRequest], bool],
        read_purse: Callable[[str], PurseScan],
    ) -> None:
        self._index = index
        self._phone_key = phone_key
        self._look_up = look_up
        self._read_purse = read_purse
        self.has_good: Callable[[str], bool] = lambda _code: True

    def identify(
        self, text: str, symbology: str, source: ScanSource, programme: Programme
    ) -> Identified:
        """Decide what the text is; an unknown code is an answer, never an exception."""
        classified = classify(text, symbology, source, policy_of(programme))
        if classified.kind == "ambiguous":
            return self._several(classified, source)
        return self._one(classified, source)

    def _one(self, classified: Classified, source: ScanSource) -> Identified:
        if classified.kind in ("product", "weighed"):
            code = classified.label or classified.code
            return Identified("product", classified.masked, code=code)
        if classified.kind == "purse":
            return self._purse(classified, source)
        if classified.kind != "member" or classified.token is None:
            code, reason = classified.code, classified.reason
            return Identified("unknown", classified.masked, code=code, reason=reason)
        return self._member(classified, classified.token, source)

    def _several(self, classified: Classified, source: ScanSource) -> Identified:
        """What is not there is no choice; where two things are, a person says which."""
        found = [self._one(choice, source) for choice in classified.choices]
        real = [
            one
            for one in found
            if one.kind != "unknown" and (one.kind != "product" or self.has_good(one.code))
        ]
        if len(real) == 1:
            return real[0]
        if real:
            return Identified("choice", classified.masked, reason="ambiguous", choices=tuple(real))
        return found[0]

    def _member(self, classified: Classified, token: MemberToken, source: ScanSource) -> Identified:
        is_phone = token.kind == "phone"
        key = self._phone_key(token.value) if is_phone else token.key
        member = self._index.find_member_by_token(key)
        if member is None:
            request = LookupRequest(phone=token.value) if is_phone else LookupRequest(token_key=key)
            if self._look_up(request):
                member = self._index.find_member_by_token(key)
        if member is None:
            return Identified("unknown", classified.masked, reason="unknown_member")
        how = Identification(token.kind, token.strength, source)
        return Identified("member", classified.masked, member=member, how=how)

    def _purse(self, classified: Classified, source: ScanSource) -> Identified:
        """The member a purse names: the cached one, else the bare number in the claim."""
        scan = self._read_purse(classified.purse)
        if not scan.member_id:
            return Identified("unknown", classified.masked, reason=scan.reason)
        known = self._index.member(scan.member_id)
        member = known or Member(scan.member_id, f"№ …{scan.member_id % 10_000:04d}")
        how = Identification("qr", scan.strength, source, scan.purse)
        return Identified("member", classified.masked, member=member, how=how, reason=scan.reason)
