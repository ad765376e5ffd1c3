"""Comparing the cache with the centre, bucket by bucket, and putting right what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.contract.buckets import unpack_bits, unpack_sums
from sync.contract.feed import BucketSums, FeedBucket
from sync.errors import CentreRefused, CentreUnavailable

MAX_REPAIRS = 64


class SummingCentre(Protocol):
    """What is used of `sync.centre_client.CentreClient`."""

    def bucket_sums(self, cursor: str) -> BucketSums: ...
    def bucket(self, number: int, buckets: int) -> FeedBucket: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Buckets compared, found different and fetched again; rows written and dropped by that.

    `left` buckets differ too and wait for the next comparison: one takes at most 64."""

    compared: int = 0
    different: int = 0
    written: int = 0
    dropped: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class BucketCheck:
    """One register's comparison. No page of the feed may be applied while it runs.

    `sums` adds up the own rows of some kinds for a number of buckets; `put_right` makes one bucket
    equal to the centre's and answers rows written and dropped."""

    client: SummingCentre
    cursor: Callable[[], str]
    incarnation: Callable[[], str]
    sums: Callable[[int, Sequence[str]], list[int]]
    put_right: Callable[[FeedBucket], tuple[int, int]]

    def run(self) -> Comparison:
        """Compare once. A centre that has no sums is one of the first contract: nothing to do."""
        cursor = self.cursor()
        if not cursor:
            return Comparison()
        try:
            theirs = self.client.bucket_sums(cursor)
        except CentreRefused as error:
            if error.status == 404:
                return Comparison()
            raise
        try:
            expected = unpack_sums(theirs.sums, theirs.buckets)
            quiet = unpack_bits(theirs.quiet, theirs.buckets)
        except ValueError as error:
            raise CentreUnavailable(f"the sums cannot be read: {error}") from None
        if theirs.incarnation != self.incarnation():
            return Comparison()
        mine = self.sums(theirs.buckets, theirs.kinds)
        wrong = [n for n in range(theirs.buckets) if quiet[n] and mine[n] != expected[n]]
        written = dropped = 0
        for number in wrong[:MAX_REPAIRS]:
            fresh = self.client.bucket(number, theirs.buckets)
            if fresh.incarnation != theirs.incarnation:
                break
            changed = self.put_right(fresh)
            written, dropped = written + changed[0], dropped + changed[1]
        return Comparison(
            sum(quiet), len(wrong), written, dropped, max(0, len(wrong) - MAX_REPAIRS)
        )
