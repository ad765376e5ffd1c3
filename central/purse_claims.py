"""A purse that is redeemed online: claimed here before the register approves it.

Points of a serial that are claimed and not yet posted, with those that sales have posted, never
exceed what it holds, so that no second store that is online takes it again. The claim stands in the
row of the redemption's hold and ends with that, by the register's log and never by an hour. What
stores take while they are cut off is found here when its facts come: it binds later claims.
"""

from __future__ import annotations

from datetime import datetime

from central.db.bulk import Connection
from central.forgotten_purses import expected_until
from central.leases import is_restoring
from central.member_state import Hold, MemberState
from sync.contract.live import AuthorisationRequest

_VALUE = "select points from purse where member_id = %s and serial = %s and state = 'open'"
_POSTED = """
select coalesce(sum(points), 0), count(*) from purse_sighting
where member_id = %s and serial = %s
"""
_LATEST = """
select coalesce(max(purse_minute), -1) from hold where member_id = %s and purse_serial = %s
and purse_points > 0 and state in ('open', 'used') and sale_id <> %s
"""


def claim(
    connection: Connection,
    member: MemberState,
    request: AuthorisationRequest,
    hold: Hold,
    now: datetime,
) -> None:
    """Claim for a new hold what the redemption still wants of the shown purse; under the member's
    lock, in the hold's own transaction.

    A restored centre does not know what was claimed: it then says nothing, and the store's own
    island decides as it does offline."""
    if not request.purse_serial or is_restoring(connection, now) or expected_until(connection):
        return
    hold.purse_serial, hold.purse_minute = request.purse_serial, request.purse_minute
    rest = request.points - hold.approved - request.own_points
    wanted = min(request.purse_points, rest)
    is_refused = bool(hold.reason) and hold.reason != "insufficient"
    if wanted > 0 and not is_refused:
        hold.purse_points = max(0, min(wanted, _left(connection, member, request)))


def _left(connection: Connection, member: MemberState, request: AuthorisationRequest) -> int:
    """A still code counts once; a moving one while points are left, each time under a later
    minute. What the same sale claimed before is given up: a sale is posted once."""
    serial = request.purse_serial
    row = connection.execute(_VALUE, [member.member_id, serial]).fetchone()
    posted, sales = connection.execute(_POSTED, [member.member_id, serial]).fetchone() or (0, 0)
    open_claims = [
        hold.purse_points
        for hold in member.holds.values()
        if hold.state == "open" and hold.purse_serial == serial and hold.sale_id != request.sale_id
    ]
    if row is None:
        return 0
    if request.purse_minute < 0:
        return 0 if sales or any(open_claims) else int(row[0])
    latest = connection.execute(_LATEST, [member.member_id, serial, request.sale_id]).fetchone()
    if latest is not None and request.purse_minute <= latest[0]:
        return 0
    return int(row[0]) - int(posted) - sum(open_claims)
