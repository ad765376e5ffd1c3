"""What in the state of the registers needs a person, and the person's word that it is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from central import forgotten_purses, offline_loss, policies
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.lives import awaited_registers

CLOCK_LIMIT_MS = 5 * 60 * 1000
FULL_DISK = frozenset({"low", "reserve", "full"})
SECOND_LIFE = frozenset({"other_machine", "older_image", "behind", "forked"})
"""What a register says of a log that is a copy, or that is not its newest."""
UNAPPLIED_GRACE = timedelta(minutes=5)
SILENT_HOURS = 24

_SINCE_RESOLVED = """
select f.register_id, count(*) from {table} f
left join (select subject, max(done_at) as at from deed where verb = 'resolve' group by subject) d
     on d.subject = 'register:' || f.register_id
where {condition} and f.received_at > coalesce(d.at, '-infinity')
group by f.register_id
"""
_FORKS = _SINCE_RESOLVED.format(table="fork", condition="true")
_QUARANTINED = _SINCE_RESOLVED.format(table="fact", condition="f.state = 'quarantined'")
_PARKED = _SINCE_RESOLVED.format(
    table="fact", condition="f.state = 'parked' and f.received_at < %(parked_before)s"
)
_UNAPPLIED = """
select a.register_id, sum(e.head_seq - a.seq)::bigint from applied a
join register_epoch e on e.register_id = a.register_id and e.epoch = a.epoch
where e.head_seq > a.seq group by a.register_id
"""


def needs_a_person(
    connection: Connection, found: dict[str, Any], now: datetime, silent_hours: int = SILENT_HOURS
) -> list[dict[str, str]]:
    """Findings over `reports.status`: `what` (stable code), `register_id` ("" for the centre),
    `detail`. Adds `lag`, `unapplied` and `needs` to each register of `found`."""
    needs = [
        {"what": name, "register_id": "", "detail": f"since {raised_at:%Y-%m-%d %H:%M} UTC: {text}"}
        for name, raised_at, text in connection.execute(
            "select name, raised_at, detail from alarm order by name"
        )
    ]
    counts: dict[str, dict[str, int]] = {
        "fork": dict(connection.execute(_FORKS).fetchall()),
        "quarantined": dict(connection.execute(_QUARANTINED).fetchall()),
        "parked": dict(
            connection.execute(_PARKED, {"parked_before": now - timedelta(days=1)}).fetchall()
        ),
    }
    unapplied: dict[str, int] = dict(connection.execute(_UNAPPLIED).fetchall())
    awaited = set(awaited_registers(connection))
    for register in found["registers"]:
        name = register["register_id"]
        register["unapplied"] = int(unapplied.get(name, 0))
        register["lag"] = _lag(register)
        own = [(what, f"{number[name]} facts") for what, number in counts.items() if name in number]
        if name in awaited:
            own.append(("rights_awaited", "has not reported its leases since the restore"))
        if not register["revoked"]:
            own += _by_report(register, found, now, silent_hours)
        register["needs"] = [what for what, _ in own]
        needs += [{"what": what, "register_id": name, "detail": text} for what, text in own]
    if points := forgotten_purses.kept_back(connection):
        until = datetime.fromtimestamp(60 * forgotten_purses.expected_until(connection), UTC)
        text = (
            f"{points // 100}.{points % 100:02d} bonuses of each member stay back until every"
            f" register has logged that it takes no purse of before {until:%Y-%m-%d %H:%M} UTC"
        )
        needs.append({"what": "purses_forgotten", "register_id": "", "detail": text})
    policy = policies.active(connection)
    needs += offline_loss.findings(connection, policy, now)
    needs += offline_loss.waiting(connection, now)
    return needs


def _lag(register: dict[str, Any]) -> int | None:
    """Facts that the register holds and the centre does not; None before its first report."""
    last = register["last_seq"]
    return None if last is None else max(0, int(last) - int(register["head_seq"]))


def _by_report(
    register: dict[str, Any], found: dict[str, Any], now: datetime, silent_hours: int
) -> list[tuple[str, str]]:
    own = []
    seen = register["last_seen_at"]
    if seen is not None:
        silence = now - datetime.fromisoformat(seen)
        if silence > timedelta(hours=silent_hours):
            own.append(("silent", f"last seen {seen}"))
        if register["unapplied"] and silence > UNAPPLIED_GRACE:
            own.append(("not_applied", f"{register['unapplied']} stored facts"))
    offset = register["clock_offset_ms"]
    if offset is not None and abs(offset) > CLOCK_LIMIT_MS:
        own.append(("clock", f"{offset / 60_000:+.0f} minutes from the centre's"))
    if register["ruleset_refused"]:
        own.append(("ruleset_refused", str(register["ruleset_refused"])))
    if (register["ruleset_active"] or 0) > found["ruleset_sequence"]:
        own.append(("ruleset_unknown", f"runs {register['ruleset_active']}: publish again"))
    if register["register_quarantined"]:
        own.append(("outbox_quarantined", f"{register['register_quarantined']} facts"))
    return own + _by_storage(register["storage"] or {})


def _by_storage(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What a register says of its disk and files."""
    own = []
    state, head = report.get("state"), report.get("head")
    if state in FULL_DISK:
        free, reserve = (report.get(f"{name}_bytes", 0) // 2**20 for name in ("free", "reserve"))
        own.append(("disk", f"{state}: {free} MiB free, {reserve} MiB in reserve"))
    if state == "damaged" or report.get("faults"):
        checked = report.get("checked_at") or "the start"
        own.append(("ledger_damaged", f"{report.get('faults', 0)} faults, checked at {checked}"))
    if head in SECOND_LIFE:
        own.append(("second_life", f"{head}: spends no lease until it is enrolled or confirmed"))
    return own


def resolve(
    connection: Connection, register_id: str, author: str, reason: str, now: datetime
) -> None:
    """A person has dealt with a register's forks, quarantined and waiting facts up to now. They
    stay stored and counted; only later ones ask for a person again."""
    known = connection.execute(
        "select 1 from register where register_id = %s", [register_id]
    ).fetchone()
    if known is None:
        raise BadInput("no_such_register", f"register {register_id} is not known")
    note_deed(connection, now, author, "resolve", f"register:{register_id}", reason)
