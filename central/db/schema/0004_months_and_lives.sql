-- What grows for ever is partitioned by month, and a restore of the database is a new life of it.

-- The inbox: keys, links and states stay for ever; bodies lie by month, so that old ones can go.
alter table inbox rename to fact;
alter index inbox_pkey rename to fact_pkey;
alter index inbox_quarantined rename to fact_quarantined;
alter index inbox_sales rename to fact_sales;
alter table fact add column received_on date;
update fact set received_on = (received_at at time zone 'UTC')::date;
alter table fact alter column received_on set not null;

create table fact_body (
    register_id text not null,
    epoch integer not null,
    seq bigint not null,
    received_on date not null,
    body bytea not null,                -- the exact bytes the hash covers
    primary key (register_id, epoch, seq, received_on)
) partition by range (received_on);
create table fact_body_rest partition of fact_body default;
insert into fact_body select register_id, epoch, seq, received_on, body from fact;
alter table fact drop column body;

-- Facts whose bodies are still kept.
create view inbox as
select f.register_id, f.epoch, f.seq, f.kind, b.body, f.prev_hash, f.hash, f.state, f.detail,
       f.received_at
from fact f join fact_body b
     on b.register_id = f.register_id and b.epoch = f.epoch and b.seq = f.seq
    and b.received_on = f.received_on;

-- Up to where a register's facts have gone into its members' points. A fact's state tells the
-- outcome only up to here; above it the fact is stored, acknowledged and still to be applied.
create table applied (
    register_id text not null,
    epoch integer not null,
    seq bigint not null,
    primary key (register_id, epoch)
);
insert into applied select register_id, epoch, head_seq from register_epoch;

-- The ledger by month of posting.
alter table entry rename to entry_before;
alter table leg rename to leg_before;
alter table allocation rename to allocation_before;
alter index entry_pkey rename to entry_before_pkey;
alter index leg_pkey rename to leg_before_pkey;
alter index allocation_pkey rename to allocation_before_pkey;

create table entry (
    member_id bigint not null,
    entry_id uuid not null,
    posted_on date not null,
    kind text not null,
    posted_at timestamptz not null,
    register_id text not null default '',
    store_id text not null default '',
    layer text not null default '',
    epoch integer not null default 0,
    seq bigint not null default 0,
    subject_id uuid,
    primary key (member_id, entry_id, posted_on)
) partition by range (posted_on);
create table entry_rest partition of entry default;

create table leg (
    member_id bigint not null,
    entry_id uuid not null,
    account text not null,
    posted_on date not null,
    amount bigint not null check (amount <> 0),
    primary key (member_id, entry_id, account, posted_on)
) partition by range (posted_on);
create table leg_rest partition of leg default;

create table allocation (
    member_id bigint not null,
    entry_id uuid not null,
    number integer not null,
    posted_on date not null,
    lot_id text not null,
    source text not null,
    target text not null,
    points bigint not null check (points > 0),
    expires_on date not null,
    arrives_on date not null,           -- expiry under which the lot arrives at its target
    primary key (member_id, entry_id, number, posted_on)
) partition by range (posted_on);
create table allocation_rest partition of allocation default;

insert into entry
select member_id, entry_id, (posted_at at time zone 'UTC')::date, kind, posted_at, register_id,
       store_id, layer, epoch, seq, subject_id
from entry_before;
insert into leg
select l.member_id, l.entry_id, l.account, (e.posted_at at time zone 'UTC')::date, l.amount
from leg_before l join entry_before e on e.member_id = l.member_id and e.entry_id = l.entry_id;
insert into allocation
select a.member_id, a.entry_id, a.number, (e.posted_at at time zone 'UTC')::date, a.lot_id,
       a.source, a.target, a.points, a.expires_on, a.arrives_on
from allocation_before a
join entry_before e on e.member_id = a.member_id and e.entry_id = a.entry_id;
drop table allocation_before;
drop table leg_before;
drop table entry_before;

-- After a restore: registers that may hold rights which the restored database has forgotten. No
-- member gets a new right while one of them has not reported.
create table awaited (
    register_id text primary key,
    since timestamptz not null,
    settled_at timestamptz,
    settled_by text not null default ''     -- 'report', or the person who decided
);
-- Epochs that may have been given after the backup was taken and are skipped at the next enrolment.
alter table register add column skipped_epochs integer not null default 0;
-- What a register says it was granted, when the centre could not debit all of it yet.
alter table lease add column claimed bigint not null default 0;

-- A person who asked to be forgotten: the ledger keeps the number and nothing else.
alter table member add column erased_at timestamptz;

-- Who did what to whom, and why.
create table deed (
    deed_id uuid primary key,
    done_at timestamptz not null,
    author text not null,
    verb text not null,
    subject text not null,
    reason text not null
);

-- Where the feed stood on each day, so that deletions can be forgotten after some months; a cursor
-- from before the floor starts over.
create table feed_day (
    day date primary key,
    xid xid8 not null
);
insert into meta values ('feed_floor', '0');
