-- Leases follow where members shop, can be asked back, and may rest at a store's hub.
alter table lease add column is_hub boolean not null default false;
alter table lease add column returned bigint not null default 0;
alter table lease add column recall_id text not null default '';
alter table lease add column recall_points bigint not null default 0;

-- Visits by store, {"S1": 3}: counted with the sales, halved now and then so that old habits fade.
alter table member add column visits jsonb not null default '{}';
update member set visits = jsonb_build_object(home_store, 1) where home_store is not null;

-- What registers may do while the centre is away: the newest is in force.
create table offline_policy (
    sequence bigint primary key,
    body jsonb not null,
    created_at timestamptz not null,
    author text not null,
    reason text not null
);

-- Which register is its store's hub; `content` is signed.
create table hub_term (
    store_id text primary key,
    term integer not null,
    register_id text not null,
    content text not null,
    signature bytea not null,
    key_id text not null
);

-- What was spent over everything a member had, by the layer that approved it. `left_points` of it
-- are neither repaid nor written off; together they are the member's account `overdraft`.
create table overdraft (
    member_id bigint not null,
    overdraft_id text not null,
    layer text not null,
    register_id text not null,
    store_id text not null,
    subject_id uuid,
    points bigint not null check (points > 0),
    left_points bigint not null check (left_points between 0 and points),
    lost_points bigint not null default 0,
    created_at timestamptz not null,
    primary key (member_id, overdraft_id)
);
create index overdraft_open on overdraft (created_at) where left_points > 0;
create index overdraft_when on overdraft (created_at, store_id);

-- Signed QR purses: points taken out of available when they were issued. The instants are those
-- of the latest renewal, in minutes since 1970 UTC.
create table purse (
    member_id bigint not null,
    serial bigint not null,
    points bigint not null,
    not_before_min bigint not null,
    not_after_min bigint not null,
    stores text[] not null,
    is_moving boolean not null,
    state text not null check (state in ('open', 'closed')),
    issued_at timestamptz not null,
    closed_at timestamptz,
    primary key (member_id, serial)
);
create index purse_open on purse (not_after_min) where state = 'open';
insert into meta values ('purse_serial', '0');

-- Every sale that took from a purse.
create table purse_sighting (
    member_id bigint not null,
    serial bigint not null,
    sale_id uuid not null,
    register_id text not null,
    store_id text not null,
    epoch integer not null,
    seq bigint not null,
    points bigint not null,
    link_index integer not null,
    occurred_at text not null,
    seen_at timestamptz not null,
    primary key (member_id, serial, sale_id)
);

-- The last purse issued when a life of a register ended: it can hold no later one.
alter table register_epoch add column last_serial bigint;

-- «No purse that ended by this minute is taken here any more», from a register's own log.
create table purse_floor (
    register_id text not null,
    epoch integer not null,
    floor_min bigint not null,
    primary key (register_id, epoch)
);

-- Public halves of the keys that sign purses, as registers are told; the private ones are files.
create table purse_key (
    key_id text primary key,
    public_key bytea not null,
    signature bytea not null,
    signed_by text not null
);
