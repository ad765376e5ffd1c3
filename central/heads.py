"""Whether a register's log is the newest of its epoch: what keeps an older image of a disk, or a
second copy of it, from spending rights (condition B4)."""

from __future__ import annotations

from datetime import datetime

from central.db.bulk import Connection
from central.instants import to_text
from sync.contract.rights import HeadReply, HeadRequest
from sync.serving.intake import Head, judge_head
from sync.serving.port import Caller, Refused


def confirm(
    connection: Connection, caller: Caller, request: HeadRequest, now: datetime
) -> HeadReply:
    """Judge the log's end; the first machine that is confirmed stays the epoch's only one."""
    if request.epoch != caller.epoch:
        raise Refused(403, "not_yours", f"this key does not write epoch {request.epoch}")
    key = [caller.register_id, caller.epoch]
    row = connection.execute(
        "select head_seq, head_hash, confirmed_machine from register_epoch"
        " where register_id = %s and epoch = %s for update",
        key,
    ).fetchone()
    assert row is not None
    stored = connection.execute(
        "select hash from fact where register_id = %s and epoch = %s and seq = %s",
        [*key, request.seq],
    ).fetchone()
    state = judge_head(
        Head(row[0], bytes(row[1])),
        bytes(stored[0]) if stored else None,
        request.seq,
        bytes.fromhex(request.hash),
    )
    machine = request.machine.replace("\x00", "")
    if row[2] and machine and machine != row[2]:
        state = "forked"
    elif state == "confirmed" and machine and not row[2]:
        connection.execute(
            "update register_epoch set confirmed_machine = %s"
            " where register_id = %s and epoch = %s",
            [machine, *key],
        )
    return HeadReply(state=state, head_seq=row[0], server_time=to_text(now))
