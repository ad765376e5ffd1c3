"""Purse claims that must not be taken: mutated, spliced, expired, early, elsewhere, replayed.

Each draw makes a good claim first and shows that it is taken; the wrong one is made of it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from loyalty import base45, purse
from loyalty.purse import Claim, Place, PurseRefused, Sighting

NOW = 29_000_000
STORES = tuple(purse.store_tag(f"S{number}") for number in range(50))
_PREFIX = "LP1:"


@dataclass(frozen=True)
class Attempt:
    """One text at one place; `seen` is what the island remembers of the serial."""

    kind: str
    text: str
    place: Place
    seen: Sighting | None = None


@dataclass
class Claims:
    """A seeded source of good claims and of wrong ones."""

    seed: int
    accepted: list[Attempt] = field(default_factory=list)
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        keys = [Ed25519PrivateKey.from_private_bytes(self._dice.randbytes(32)) for _ in range(3)]
        self._signers = [key.sign for key in keys]
        public = [key.public_key().public_bytes_raw() for key in keys]
        self._tags = [purse.key_tag(key) for key in public]
        self._loaded = {key: Ed25519PublicKey.from_public_bytes(key) for key in public}
        # The third key is a stranger's.
        self.keys = purse.keys_by_tag(public[:2])

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Ed25519 by the library that registers use."""
        try:
            self._loaded[public_key].verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def decide(self, attempt: Attempt) -> int:
        """Points that the place takes; `PurseRefused` otherwise."""
        shown = purse.read(attempt.text, self.keys, self.verify)
        return purse.points_left(shown, attempt.place, attempt.seen)

    def good(self) -> tuple[Claim, bytes, Attempt]:
        """A claim that its first place takes, and the seed of its chain (empty when still)."""
        dice = self._dice
        life = dice.choice((1, 30, 240)) if dice.random() < 0.98 else purse.MAX_LIFE_MIN
        seed = dice.randbytes(16) if dice.random() < 0.5 else b""
        signer = dice.randrange(2)
        claim = Claim(
            key_tag=self._tags[signer],
            serial=dice.randrange(1, purse.MAX_SERIAL),
            member_id=dice.randrange(1, 2**53),
            points=dice.randrange(1, 10_001),
            not_before_min=NOW - dice.randrange(life + 1),
            life_min=life,
            stores=tuple(dice.sample(STORES[:40], dice.randint(1, 3))),
            chain_end=purse.chain_end(seed, life) if seed else b"",
        )
        return claim, seed, self._shown(claim, seed, signer, NOW)

    def _shown(self, claim: Claim, seed: bytes, signer: int, now_min: int) -> Attempt:
        text = purse.issue(claim, self._signers[signer])
        if seed:
            link_no = min(max(now_min - claim.not_before_min, 0), claim.life_min)
            text += purse.suffix(seed, claim.life_min, link_no)
        return Attempt("good", text, Place(self._dice.choice(claim.stores), now_min))

    def wrong(self) -> Attempt:
        """An attempt that must be refused."""
        claim, seed, good = self.good()
        if self.decide(good) != claim.points:
            raise AssertionError(f"seed {self.seed}: a good claim is not taken whole")
        makers: list[Callable[[], Attempt]] = [
            lambda: self._flipped(good),
            lambda: self._typed(good),
            lambda: self._spliced(good),
            lambda: self._stranger(claim, seed),
            lambda: replace(
                good, kind="expired", place=replace(good.place, now_min=claim.not_after_min + 6)
            ),
            lambda: replace(
                good, kind="early", place=replace(good.place, now_min=claim.not_before_min - 6)
            ),
            lambda: replace(
                good, kind="closed", place=replace(good.place, floor_min=claim.not_after_min)
            ),
            lambda: replace(
                good,
                kind="elsewhere",
                place=replace(good.place, store_tag=self._dice.choice(STORES[40:])),
            ),
            lambda: self._replayed(good),
        ]
        if seed:
            makers.append(lambda: self._older_link(claim, seed, good))
        return self._dice.choice(makers)()

    def _flipped(self, good: Attempt) -> Attempt:
        data = bytearray(base45.decode(good.text[len(_PREFIX) :]))
        for _ in range(self._dice.choice((1, 1, 1, 2, 8))):
            before = bytes(data)
            while bytes(data) == before:
                data[self._dice.randrange(len(data))] ^= 1 << self._dice.randrange(8)
        if bytes(data) == base45.decode(good.text[len(_PREFIX) :]):
            data[0] ^= 1
        return replace(good, kind="bits", text=_PREFIX + base45.encode(bytes(data)))

    def _typed(self, good: Attempt) -> Attempt:
        text, at = list(good.text), self._dice.randrange(len(good.text))
        match self._dice.randrange(3):
            case 0:
                others = base45.ALPHABET.replace(text[at], "")
                text[at] = self._dice.choice(others)
            case 1:
                del text[at]
            case _:
                text.insert(at, self._dice.choice(base45.ALPHABET))
        return replace(good, kind="characters", text="".join(text))

    def _spliced(self, good: Attempt) -> Attempt:
        """The claim of one code with signature and suffix of another."""
        claim, _, other = self.good()
        size = purse.MOVING_BYTES if claim.chain_end else purse.STILL_BYTES
        tail = base45.decode(other.text[len(_PREFIX) :])[size:]
        mine = base45.decode(good.text[len(_PREFIX) :])[:size]
        return replace(good, kind="spliced", text=_PREFIX + base45.encode(mine + tail))

    def _stranger(self, claim: Claim, seed: bytes) -> Attempt:
        changed = replace(claim, points=claim.points + 1)
        return replace(self._shown(changed, seed, 2, NOW), kind="stranger's key")

    def _replayed(self, good: Attempt) -> Attempt:
        shown = purse.read(good.text, self.keys, self.verify)
        return replace(good, kind="replayed", seen=purse.taken(None, shown, 1))

    def _older_link(self, claim: Claim, seed: bytes, good: Attempt) -> Attempt:
        """A picture of the screen, shown when its minute is over, or moved on by a guess."""
        shown = purse.read(good.text, self.keys, self.verify)
        base = good.text[: -len(purse.suffix(seed, claim.life_min, shown.link_no))]
        if self._dice.random() < 0.5 or shown.link_no == claim.life_min:
            late = replace(good.place, now_min=claim.not_before_min + shown.link_no + 6)
            if late.now_min <= claim.not_after_min:
                return replace(good, kind="old picture", place=late)
        guess = (shown.link_no + 1).to_bytes(2, "big") + shown.link
        return replace(good, kind="guessed link", text=base + base45.encode(guess))

    def try_wrong(self) -> None:
        """Make one and see it refused; what is taken is kept in `accepted`."""
        attempt = self.wrong()
        try:
            self.decide(attempt)
        except PurseRefused as refused:
            self.codes[attempt.kind, refused.code] += 1
        else:
            self.accepted.append(attempt)
