-- Distributed by member_id: it is in the primary key and in every unique index.

create table member (
    member_id bigint primary key check (member_id > 0 and member_id < 9007199254740992),
    feed_name text not null default '',     -- first name and initial
    feed_birthday text,                     -- MM-DD
    tier text not null default '',
    groups text[] not null default '{}',
    is_blocked boolean not null default false,
    home_store text,
    purchases_count bigint not null default 0,
    purchases jsonb not null default '[]',  -- the newest few, newest first
    created_at timestamptz not null
);

-- The one table with full names and phone numbers.
create table person (
    member_id bigint primary key,
    name text not null default '',
    phone text,                             -- E.164
    former_phones text[] not null default '{}',
    birthday date,
    consent_at text
);
create index person_phone on person (phone) where phone is not null;

create table account (
    member_id bigint not null,
    account text not null,
    balance bigint not null,
    primary key (member_id, account),
    check (case when account = 'overdraft' then balance <= 0 else balance >= 0 end)
);

create table entry (
    member_id bigint not null,
    entry_id uuid not null,
    kind text not null,
    posted_at timestamptz not null,
    register_id text not null default '',
    store_id text not null default '',
    layer text not null default '',
    epoch integer not null default 0,
    seq bigint not null default 0,
    subject_id uuid,
    primary key (member_id, entry_id)
);

create table leg (
    member_id bigint not null,
    entry_id uuid not null,
    account text not null,
    amount bigint not null check (amount <> 0),
    primary key (member_id, entry_id, account)
);

create table allocation (
    member_id bigint not null,
    entry_id uuid not null,
    number integer not null,
    lot_id text not null,
    source text not null,
    target text not null,
    points bigint not null check (points > 0),
    expires_on date not null,
    arrives_on date not null,               -- expiry under which the lot arrives at its target
    primary key (member_id, entry_id, number)
);

create table lot (
    member_id bigint not null,
    lot_id text not null,
    points bigint not null check (points > 0),
    expires_on date not null,               -- 9999-12-31: never
    source text not null,
    created_at timestamptz not null,
    primary key (member_id, lot_id)
);

-- Where the points of each lot rest now.
create table slice (
    member_id bigint not null,
    place text not null,
    lot_id text not null,
    expires_on date not null,
    points bigint not null check (points > 0),
    primary key (member_id, place, lot_id, expires_on)
);
create index slice_expiry on slice (expires_on) where place = 'available';

create table hold (
    member_id bigint not null,
    auth_id uuid not null,
    sale_id uuid not null,
    register_id text not null,
    requested bigint not null,
    approved bigint not null,
    reason text not null,
    state text not null check (state in ('open', 'used', 'voided', 'expired', 'refused')),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (member_id, auth_id)
);
create index hold_auth on hold (auth_id);
create index hold_open on hold (expires_at) where state = 'open';

create table lease (
    member_id bigint not null,
    lease_id text not null,
    register_id text not null,
    store_id text not null,
    epoch integer not null,
    granted bigint not null,
    state text not null check (state in ('open', 'recalled', 'closed')),
    primary key (member_id, lease_id)
);

create table sale (
    member_id bigint not null,
    sale_id uuid not null,
    register_id text not null,
    store_id text not null,
    epoch integer not null,
    seq bigint not null,
    state text not null check (state in ('open', 'voided', 'returned')),
    redeemed bigint not null,
    redemption_entry uuid,
    accrued bigint not null,
    accrual_lot text,
    accrual_state text not null check (accrual_state in ('none', 'pending', 'posted', 'reversed')),
    primary key (member_id, sale_id)
);

create table sale_return (
    member_id bigint not null,
    return_id uuid not null,
    sale_id uuid not null,
    state text not null check (state in ('pending', 'posted', 'idle')),
    primary key (member_id, return_id)
);

-- Distributed by token_key -------------------------------------------------------------------

create table token (
    token_key text primary key,             -- card:… or qr:…, never a phone
    member_id bigint not null
);
create index token_member on token (member_id);
