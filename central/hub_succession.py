"""A stand-in takes a silent hub's place, and gives it back.

Nobody on the LAN votes. The register that the term names as stand-in says with its report that the
hub is silent; when the centre has not heard of the hub either, it signs a term for the stand-in.
What the old hub was lent stays with it: the stand-in lends only what the centre grants to it. The
first hub has its place again when its whole log is here, and the stand-in's term is not a new one.

With the way to the centre cut there is no such term: tills go on with what they were lent.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from central import hub_terms
from central.db.bulk import Connection
from central.errors import BadInput
from central.keys import SigningKey
from sync.contract.live import Heartbeat
from sync.contract.rights import HubTerm
from sync.serving.port import Caller

log = logging.getLogger("central.hub")
QUIET = timedelta(seconds=25)
"""A hub that reports every 15 seconds or so, with its jitter, is heard of within this time."""
STEADY = timedelta(seconds=60)
"""The least life of a stand-in's term: a hub that comes and goes changes nothing meanwhile."""
AUTHOR = "edge-central"


def after_report(
    connection: Connection, caller: Caller, report: Heartbeat, key: SigningKey, now: datetime
) -> HubTerm | None:
    """The term that follows from a register's report, signed and published; None for most. One
    transaction."""
    if not caller.is_current:
        return None
    term = hub_terms.term_of(connection, caller.store_id)
    if term is None:
        return None
    if _takes_over(connection, caller, report, term, now):
        heir, for_whom = caller.register_id, term.stands_for or term.register_id
        reason = f"{term.register_id} is silent"
    elif _is_back(connection, caller, report, term, now):
        heir, for_whom, reason = caller.register_id, "", "its whole log is here"
    else:
        return None
    addresses = {peer.register_id: peer.address for peer in term.peers if peer.address}
    known = {till.register_id for till in hub_terms.registers_of(connection, caller.store_id)}
    try:
        return hub_terms.name_hub(
            connection,
            caller.store_id,
            heir,
            {name: address for name, address in addresses.items() if name in known},
            key,
            author=AUTHOR,
            reason=reason,
            now=now,
            stand_in=term.register_id if for_whom == "" else "",
            stands_for=for_whom,
            follows=term.term,
        )
    except BadInput as error:
        log.warning("no stand-in for the hub of %s: %s", caller.store_id, error)
        return None


def _takes_over(
    connection: Connection, caller: Caller, report: Heartbeat, term: HubTerm, now: datetime
) -> bool:
    """The stand-in does not hear the hub of this very term, and neither does the centre."""
    if term.stand_in != caller.register_id or report.silent_term != term.term:
        return False
    row = connection.execute(
        "select last_seen_at from register_report where register_id = %s", [term.register_id]
    ).fetchone()
    return row is None or now - row[0] > QUIET


def _is_back(
    connection: Connection, caller: Caller, report: Heartbeat, term: HubTerm, now: datetime
) -> bool:
    """The hub that is stood in for has nothing left to send, and all it sent is applied."""
    if term.stands_for != caller.register_id or report.outbox_pending:
        return False
    if now - datetime.fromisoformat(term.not_before) < STEADY:
        return False
    row = connection.execute(
        "select e.head_seq, coalesce(a.seq, 0) from register_epoch e"
        " left join applied a on a.register_id = e.register_id and a.epoch = e.epoch"
        " where e.register_id = %s and e.epoch = %s",
        [caller.register_id, caller.epoch],
    ).fetchone()
    return row is not None and report.last_seq <= row[0] <= row[1]
