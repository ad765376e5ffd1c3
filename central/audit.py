"""Recomputing the books from their first entries: what does not add up is named.

Each check is one query that lists offenders, so a sound ledger gives empty lists.
"""

from __future__ import annotations

from typing import Any

from central.db.bulk import Connection

_SHOWN = 20

CHECKS = {
    "entries_not_even": """
        select member_id, entry_id::text, sum(amount) from leg
        group by member_id, entry_id having sum(amount) <> 0
    """,
    "entries_without_legs": """
        select e.member_id, e.entry_id::text, e.kind from entry e
        where not exists (select 1 from leg l
                          where l.member_id = e.member_id and l.entry_id = e.entry_id)
    """,
    "balances_off": """
        select coalesce(l.member_id, a.member_id), coalesce(l.account, a.account),
               coalesce(l.total, 0), coalesce(a.balance, 0)
        from (select member_id, account, sum(amount) as total from leg
              where account not in
                    ('issued', 'redeemed', 'expired', 'adjustment', 'offline_loss')
              group by member_id, account having sum(amount) <> 0) l
        full join account a on a.member_id = l.member_id and a.account = l.account
        where coalesce(l.total, 0) <> coalesce(a.balance, 0)
    """,
    "lots_not_behind_balances": """
        select coalesce(s.member_id, a.member_id), coalesce(s.account, a.account),
               coalesce(s.total, 0), coalesce(a.balance, 0)
        from (select member_id, case when place like 'hold:%' then 'held' else place end as account,
                     sum(points) as total
              from slice where place <> 'overdraft' group by 1, 2) s
        full join (select * from account where account <> 'overdraft') a
               on a.member_id = s.member_id and a.account = s.account
        where coalesce(s.total, 0) <> coalesce(a.balance, 0)
    """,
    "slices_off": """
        select coalesce(m.member_id, s.member_id), coalesce(m.place, s.place),
               coalesce(m.lot_id, s.lot_id), coalesce(m.total, 0), coalesce(s.points, 0)
        from (select member_id, place, lot_id, day, sum(points) as total from (
                  select member_id, target as place, lot_id, arrives_on as day, points
                  from allocation
                  union all
                  select member_id, source, lot_id, expires_on, -points from allocation) moves
              where place not in
                    ('issued', 'redeemed', 'expired', 'adjustment', 'offline_loss')
              group by member_id, place, lot_id, day having sum(points) <> 0) m
        full join slice s on s.member_id = m.member_id and s.place = m.place
             and s.lot_id = m.lot_id and s.expires_on = m.day
        where coalesce(m.total, 0) <> coalesce(s.points, 0)
    """,
    "lots_issued_twice": """
        select a.member_id, a.lot_id, sum(a.points), l.points from allocation a
        join lot l on l.member_id = a.member_id and l.lot_id = a.lot_id
        where a.source = 'issued' group by a.member_id, a.lot_id, l.points
        having sum(a.points) <> l.points
    """,
    "holds_off": """
        select h.member_id, h.auth_id::text, h.state, coalesce(sum(s.points), 0)
        from hold h left join slice s
             on s.member_id = h.member_id and s.place = 'hold:' || h.auth_id::text
        group by h.member_id, h.auth_id, h.state, h.approved
        having coalesce(sum(s.points), 0)
               <> case when h.state = 'open' then h.approved else 0 end
    """,
    "leases_off": """
        select l.member_id, l.lease_id, l.granted, coalesce(sum(g.amount), 0) from lease l
        left join (select x.member_id, x.account, x.amount from leg x
                   join entry e on e.member_id = x.member_id and e.entry_id = x.entry_id
                   where e.kind = 'grant') g
             on g.member_id = l.member_id and g.account = 'lease:' || l.lease_id
        group by l.member_id, l.lease_id, l.granted
        having l.granted <> coalesce(sum(g.amount), 0)
    """,
    "overdrafts_off": """
        select coalesce(o.member_id, a.member_id), coalesce(o.total, 0), coalesce(a.balance, 0)
        from (select member_id, sum(left_points) as total from overdraft group by member_id
              having sum(left_points) > 0) o
        full join (select member_id, balance from account where account = 'overdraft') a
             on a.member_id = o.member_id
        where coalesce(o.total, 0) <> -coalesce(a.balance, 0)
    """,
    "purses_off": """
        select p.member_id, p.serial, p.state, p.points, coalesce(sum(s.points), 0)
        from purse p left join slice s
             on s.member_id = p.member_id and s.place = 'purse:' || p.serial::text
        group by p.member_id, p.serial, p.state, p.points
        having coalesce(sum(s.points), 0)
               > case when p.state = 'open' then p.points else 0 end
    """,
    "chains_broken": """
        select register_id, epoch, seq from (
            select register_id, epoch, seq, prev_hash,
                   lag(hash) over w as before, lag(seq) over w as seq_before
            from fact window w as (partition by register_id, epoch order by seq)) chain
        where coalesce(seq_before, 0) <> seq - 1
           or prev_hash <> coalesce(before, decode(repeat('00', 32), 'hex'))
    """,
    "heads_off": """
        select e.register_id, e.epoch, e.head_seq, coalesce(max(i.seq), 0) from register_epoch e
        left join fact i on i.register_id = e.register_id and i.epoch = e.epoch
        group by e.register_id, e.epoch, e.head_seq having e.head_seq <> coalesce(max(i.seq), 0)
    """,
}

_TOTALS = """
select account_group, sum(amount)::bigint from (
    select case when account like 'lease:%' then 'leases'
           when account like 'purse:%' then 'purses' else account end as account_group, amount
    from leg) grouped
group by account_group order by account_group
"""


def check_books(connection: Connection) -> dict[str, Any]:
    """Findings per check (at most 20 each), the sum over all accounts, and totals per account.

    `ok` is true when nothing was found and the sum is zero. All figures in hundredths.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        findings = {
            name: [list(row) for row in connection.execute(query).fetchmany(_SHOWN)]
            for name, query in CHECKS.items()
        }
        totals = {name: int(total) for name, total in connection.execute(_TOTALS)}
    for rows in findings.values():
        for row in rows:
            row[:] = [value if isinstance(value, int) else str(value) for value in row]
    balance = sum(totals.values())
    is_ok = balance == 0 and not any(findings.values())
    return {"ok": is_ok, "sum": balance, "totals": totals, "findings": findings}
