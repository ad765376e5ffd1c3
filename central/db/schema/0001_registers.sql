-- Reference tables (small, copied to every node) and what is distributed by register_id.

create table meta (
    name text primary key,
    value text not null
);
-- The incarnation changes at every restore: registers then start their cache over.
insert into meta values ('incarnation', replace(gen_random_uuid()::text, '-', ''));

create table store (
    store_id text primary key,
    name text not null,
    phone_key bytea not null,           -- HMAC key of phone tokens, 32 random bytes
    created_at timestamptz not null
);

create table register (
    register_id text primary key,
    store_id text not null,
    epoch integer not null,             -- 0 until the first enrolment
    revoked_at timestamptz,
    revoked_reason text not null default ''
);
create index register_store on register (store_id);

create table enrol_code (
    code_hash bytea primary key,        -- SHA-256 of the code, which itself is stored nowhere
    register_id text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

create table bundle (
    sequence bigint primary key,
    content bytea not null,
    signature bytea not null,
    key_id text not null,
    sha256 text not null,
    created_at timestamptz not null,
    author text not null,
    reason text not null
);

create table good (
    sku text primary key,
    body jsonb not null
);

-- Distributed by register_id ----------------------------------------------------------------

create table register_epoch (
    register_id text not null,
    epoch integer not null,
    public_key bytea not null,
    machine text not null,
    enrolled_at timestamptz not null,
    head_seq bigint not null default 0,
    head_hash bytea not null,
    primary key (register_id, epoch)
);

create table register_report (
    register_id text primary key,
    last_seen_at timestamptz not null,
    heartbeat_at timestamptz,
    heartbeat jsonb,
    gaps bigint not null default 0,
    last_gap text not null default ''
);

create table inbox (
    register_id text not null,
    epoch integer not null,
    seq bigint not null,
    kind text not null,
    body bytea not null,                -- the exact bytes the hash covers
    prev_hash bytea not null,
    hash bytea not null,
    state text not null check (state in ('applied', 'parked', 'quarantined')),
    detail text not null default '',
    received_at timestamptz not null,
    primary key (register_id, epoch, seq)
);
create index inbox_quarantined on inbox (register_id) where state = 'quarantined';
create index inbox_sales on inbox (received_at, register_id, epoch, seq) where kind = 'sale';

create table fork (
    register_id text not null,
    epoch integer not null,
    seq bigint not null,
    hash bytea not null,
    kind text not null,
    body bytea not null,
    prev_hash bytea not null,
    received_at timestamptz not null,
    primary key (register_id, epoch, seq, hash)
);

-- Which sale or return came from where, and whose it is; strangers' sales have no member.
create table subject (
    register_id text not null,
    subject_id uuid not null,
    kind text not null check (kind in ('sale', 'return')),
    member_id bigint,
    epoch integer not null,
    seq bigint not null,
    primary key (register_id, subject_id)
);
create index subject_id on subject (subject_id);

-- Facts that wait for a sale which has not arrived yet.
create table parked (
    register_id text not null,
    epoch integer not null,
    seq bigint not null,
    subject_id uuid not null,
    primary key (register_id, epoch, seq)
);
create index parked_subject on parked (subject_id);

-- A void may overtake the authorisation it voids.
create table voided_authorisation (
    register_id text not null,
    auth_id uuid not null,
    voided_at timestamptz not null,
    primary key (register_id, auth_id)
);
