"""Taking members in from a spreadsheet; the same file twice changes nothing.

A row is a known member by its card, else by its phone. An opening balance is posted once per
member, as a lot out of `issued`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from central.apply import publish
from central.changes import Changes
from central.csv_file import BadRow, Rejects, Table, check_fields, open_table
from central.db.bulk import Columns, Connection, copy_rows, insert_rows
from central.errors import BadInput
from central.feed import PHONE
from central.member_csv import COLUMNS, KEY_COLUMNS, MemberRow, parse_row
from central.member_rows import feed_name
from central.member_state import Cause, MemberState
from central.member_store import load_members
from loyalty import ledger
from loyalty.ids import MAX_MEMBER_ID
from loyalty.ledger import Books
from loyalty.lots import NEVER, Slice

OPENING_LOT = "opening"
CHUNK_ROWS = 2_000
_IMPORT_LOCK = 5_260_871_003
_TOKEN: Columns = (("token_key", "text"), ("member_id", "bigint"))


@dataclass(slots=True)
class ImportResult:
    """Counts of one run; `opening_points` in hundredths."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    opening_points: int = 0
    errors_file: str = ""


@dataclass(slots=True)
class _Known:
    """A person as stored."""

    member_id: int
    name: str
    phone: str | None
    former_phones: list[str]
    birthday: date | None
    consent_at: str | None
    groups: list[str]
    segments: list[str]
    tokens: set[str] = field(default_factory=set)
    has_opening: bool = False


def import_members(
    connection: Connection,
    path: Path,
    now: datetime,
    *,
    dry_run: bool,
    on_progress: Callable[[int], None],
) -> ImportResult:
    """Read the file in chunks, one transaction each; rejects go to `FILE.errors.csv`.

    With `dry_run` every check is made and nothing is kept. One import at a time.
    """
    result = ImportResult()
    with open_table(path, COLUMNS, KEY_COLUMNS) as table:
        _take_turn(connection)
        rejects = Rejects(path, table.header)
        try:
            seen: set[str] = set()
            rows = iter(table)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                result.rows += len(chunk)
                parsed = _parse(table, chunk, seen, rejects)
                with connection.transaction(force_rollback=dry_run):
                    _Chunk(connection, now, result, rejects).take(parsed)
                on_progress(result.rows)
        finally:
            rejects.close()
            connection.execute("select pg_advisory_unlock(%s)", [_IMPORT_LOCK])
    result.rejected = rejects.count
    result.errors_file = str(rejects.path) if rejects.count else ""
    return result


def _take_turn(connection: Connection) -> None:
    row = connection.execute("select pg_try_advisory_lock(%s)", [_IMPORT_LOCK]).fetchone()
    if row is None or not row[0]:
        raise BadInput("busy", "another import of members is running")


def _parse(
    table: Table,
    chunk: Sequence[tuple[int, list[str], dict[str, str]]],
    seen: set[str],
    rejects: Rejects,
) -> list[MemberRow]:
    rows = []
    for line, fields, values in chunk:
        try:
            check_fields(table.header, fields)
            row = parse_row(line, fields, values)
            for key, column in ((row.token_key, "card"), (row.phone, "phone")):
                if key and key in seen:
                    raise BadRow("twice_in_file", column)
            seen.update(key for key in (row.token_key, row.phone) if key)
            rows.append(row)
        except BadRow as error:
            rejects.add(line, fields, error)
    return rows


class _Chunk:
    """The rows of one transaction."""

    def __init__(
        self, connection: Connection, now: datetime, result: ImportResult, rejects: Rejects
    ) -> None:
        self._connection = connection
        self._now = now
        self._result = result
        self._rejects = rejects
        self._changes = Changes()
        self._openings: list[tuple[int, MemberRow]] = []
        self._changed: set[int] = set()
        self._new: list[tuple[int, MemberRow]] = []
        self._tokens: list[tuple[str, int]] = []

    def take(self, rows: Sequence[MemberRow]) -> None:
        """Create, update and post openings; then put the feed rows."""
        by_token, by_phone = self._find(rows)
        for row in rows:
            try:
                known = _same_person(by_token.get(row.token_key), by_phone.get(row.phone))
            except BadRow as error:
                self._rejects.add(row.line, row.fields, error)
                continue
            if known is None:
                self._create(row)
            elif self._update(known, row):
                self._result.updated += 1
            else:
                self._result.unchanged += 1
        self._insert_new()
        insert_rows(self._connection, "token", _TOKEN, list(self._tokens))
        self._publish()

    def _create(self, row: MemberRow) -> None:
        member_id = secrets.randbelow(MAX_MEMBER_ID) + 1
        self._new.append((member_id, row))
        self._result.created += 1
        if row.phone:
            self._changes.put(PHONE, str(member_id), {}, member_id=member_id)
        if row.token_key:
            self._add_token(member_id, row.token_key)
        if row.balance:
            self._openings.append((member_id, row))

    def _add_token(self, member_id: int, token_key: str) -> None:
        self._tokens.append((token_key, member_id))
        self._changes.put("token", token_key, {"member_id": member_id}, member_id=member_id)

    def _insert_new(self) -> None:
        ids = [member_id for member_id, _ in self._new]
        taken = self._connection.execute(
            "select member_id from member where member_id = any(%s)", [ids]
        ).fetchone()
        if taken or len(set(ids)) != len(ids):
            raise BadInput("id_collision", "a random member id is taken; run the import again")
        members = [
            (
                *(member_id, feed_name(r.name), _month_day(r.birthday)),
                *(list(r.groups), list(r.segments), self._now),
            )
            for member_id, r in self._new
        ]
        people = [
            (member_id, r.name, r.phone or None, r.birthday, r.consent_at or None)
            for member_id, r in self._new
        ]
        columns = ("member_id", "feed_name", "feed_birthday", "groups", "segments", "created_at")
        copy_rows(self._connection, "member", columns, list(members))
        of_person = ("member_id", "name", "phone", "birthday", "consent_at")
        copy_rows(self._connection, "person", of_person, list(people))

    # --- members that are known --------------------------------------------------------------

    def _find(self, rows: Sequence[MemberRow]) -> tuple[dict[str, _Known], dict[str, _Known]]:
        token_keys = [row.token_key for row in rows if row.token_key]
        phones = [row.phone for row in rows if row.phone]
        owners: dict[str, int] = dict(
            self._connection.execute(
                "select token_key, member_id from token where token_key = any(%s)", [token_keys]
            ).fetchall()
        )
        people = self._connection.execute(
            "select p.member_id, p.name, p.phone, p.former_phones, p.birthday, p.consent_at,"
            " m.groups, m.segments from person p join member m on m.member_id = p.member_id"
            " where p.member_id = any(%s) or p.phone = any(%s)",
            [list(owners.values()), phones],
        ).fetchall()
        known = {row[0]: _Known(*row) for row in people}
        for token_key, member_id in owners.items():
            known[member_id].tokens.add(token_key)
        for (member_id,) in self._connection.execute(
            "select member_id from lot where lot_id = %s and member_id = any(%s)",
            [OPENING_LOT, list(known)],
        ):
            known[member_id].has_opening = True
        by_token = {token_key: known[member_id] for token_key, member_id in owners.items()}
        return by_token, {each.phone: each for each in known.values() if each.phone}

    def _update(self, known: _Known, row: MemberRow) -> bool:
        """Bring a known member up to the row; says whether anything changed."""
        changed = self._update_person(known, row)
        if row.token_key and row.token_key not in known.tokens:
            self._add_token(known.member_id, row.token_key)
            changed = True
        if row.balance and not known.has_opening:
            self._openings.append((known.member_id, row))
            changed = True
        if changed:
            self._changed.add(known.member_id)
        return changed

    def _update_person(self, known: _Known, row: MemberRow) -> bool:
        name = row.name or known.name
        phone = row.phone or known.phone
        birthday = row.birthday or known.birthday
        consent_at = row.consent_at or known.consent_at
        groups = list(row.groups) or known.groups
        segments = list(row.segments) or known.segments
        former = [each for each in known.former_phones if each != phone]
        if known.phone and phone != known.phone:
            former.append(known.phone)
        wanted = (name, phone, former, birthday, consent_at, groups, segments)
        if wanted == (
            *(known.name, known.phone, known.former_phones, known.birthday),
            *(known.consent_at, known.groups, known.segments),
        ):
            return False
        self._connection.execute(
            "update person set name = %s, phone = %s, former_phones = %s, birthday = %s,"
            " consent_at = %s where member_id = %s",
            [name, phone, former, birthday, consent_at, known.member_id],
        )
        self._connection.execute(
            "update member set feed_name = %s, feed_birthday = %s, groups = %s, segments = %s"
            " where member_id = %s",
            [feed_name(name), _month_day(birthday), groups, segments, known.member_id],
        )
        if phone != known.phone:
            body = {"change": secrets.token_hex(8)}
            self._changes.put(PHONE, str(known.member_id), body, member_id=known.member_id)
        return True

    # --- openings and feed -------------------------------------------------------------------

    def _publish(self) -> None:
        states = load_members(self._connection, self._changed)
        for member_id, row in self._new:
            states[member_id] = MemberState(
                member_id,
                Books(member_id),
                feed_name(row.name),
                _month_day(row.birthday),
                groups=list(row.groups),
                segments=list(row.segments),
            )
        for member_id, row in self._openings:
            state = states[member_id]
            cause = Cause("opening")
            lot = Slice(OPENING_LOT, row.balance, row.expires_on or NEVER)
            entry_id = state.next_id(cause)
            entry = ledger.accrue(state.books, entry_id, lot, pending=False, kind="opening")
            state.post(entry, cause)
            state.post(ledger.repay(state.books, state.next_id(cause)), cause)
            self._result.opening_points += row.balance
        publish(self._connection, states.values(), self._now, self._changes)
        self._changes.flush(self._connection)


def _same_person(by_token: _Known | None, by_phone: _Known | None) -> _Known | None:
    if by_token and by_phone and by_token.member_id != by_phone.member_id:
        raise BadRow("card_and_phone_differ", "phone")
    return by_token or by_phone


def _month_day(birthday: date | None) -> str | None:
    return birthday.strftime("%m-%d") if birthday else None
