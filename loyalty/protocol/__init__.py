"""The bound's protocol as plain state machines: centre, store hub, register. No I/O, no clock.

A machine is called with what arrived and returns the messages that leave, as tuples
`(target, method, arguments)`; the method is called on the target with the sender's node first.
Every call is one transaction: what it changes in the durable fields is on the disk before a
message leaves. Messages may be lost, doubled, delayed and reordered: rights travel as sums that
only rise (granted, lent), facts in logs by their sequence, questions under ids that stay.

Rights form a bounded counter (Balegas et al., SRDS 2015): what a holder may spend is what it was
given, less what it spent, lent and released; the giver tightens first (demarcation, 1991).
"""

from __future__ import annotations

from typing import Any

Message = tuple[int, str, tuple[Any, ...]]
CENTRE = 0
"""Node of the centre; hubs and registers have numbers over zero."""

AuthId = tuple[int, int, int]
"""Register, epoch and a number that rises: made before anything is sent, kept after a time-out."""
