"""Judging uploaded facts against the chain that is already stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sync.contract.chain import GENESIS, fact_hash
from sync.contract.messages import Fact, FactVerdict


@dataclass(frozen=True, slots=True)
class Head:
    """The last stored fact of a register's epoch; seq 0 and `GENESIS` before the first."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Judgement:
    """A fact with its verdict: only `accepted` ones extend the chain, `fork` ones are kept
    aside. `body` is the exact bytes that the hash covers."""

    fact: Fact
    body: bytes
    verdict: FactVerdict
    detail: str = ""


def judge(
    register_id: str,
    epoch: int,
    head: Head,
    stored: Mapping[int, bytes],
    facts: Sequence[Fact],
) -> tuple[list[Judgement], Head]:
    """Verdicts in the order of `facts`, and the head after the accepted ones.

    `stored` maps each seq of this batch that is already stored to its hash. After a gap or a
    wrong hash nothing is stored. A fact that links on a forked one is part of that fork, so
    both histories are kept whole.
    """
    known = dict(stored)
    judged: list[Judgement] = []
    fork_tip = b""
    gap = ""
    for fact in facts:
        body = fact.body.encode()
        previous, own = bytes.fromhex(fact.prev_hash), bytes.fromhex(fact.hash)
        verdict: FactVerdict
        if not gap and fact_hash(register_id, epoch, fact.seq, fact.kind, body, previous) != own:
            gap = "bad_hash"
        if gap:
            verdict, detail = "gap", gap
        else:
            verdict, detail = _verdict(fact.seq, previous, own, head, known, fork_tip)
        judged.append(Judgement(fact, body, verdict, detail))
        if verdict == "gap":
            gap = "after_gap"
        elif verdict == "accepted":
            head = Head(fact.seq, own)
            known[fact.seq] = own
        fork_tip = own if verdict == "fork" else b""
    return judged, head


def judge_head(
    head: Head, stored: bytes | None, seq: int, own: bytes
) -> Literal["confirmed", "ahead", "behind", "forked"]:
    """What a log that says it ends at (`seq`, `own`) is, against the stored head.

    `stored` is the hash stored under that seq, None where there is none."""
    if seq > head.seq:
        return "ahead"
    if own != (GENESIS if seq == 0 else stored):
        return "forked"
    return "confirmed" if seq == head.seq else "behind"


def _verdict(
    seq: int, previous: bytes, own: bytes, head: Head, known: Mapping[int, bytes], fork_tip: bytes
) -> tuple[FactVerdict, str]:
    if known.get(seq) == own:
        return "duplicate", ""
    if fork_tip and previous == fork_tip:
        return "fork", "continues_fork"
    if seq <= head.seq:
        return "fork", "other_hash"
    if seq > head.seq + 1:
        return "gap", "seq_ahead"
    if previous != head.hash:
        return "fork", "chain_break"
    return "accepted", ""
