-- What registers download: the newest state of each row. Ordered by (xid, id): xid is the writing
-- transaction, id the place within it; a reader stops below the oldest transaction in flight.
-- Distributed by member_id, which is 0 for rows that are about no member.
create table change (
    member_id bigint not null,
    kind text not null,
    key text not null,
    scope text not null,                    -- '*', 'store:S' or 'register:R'
    version bigint not null,
    is_deleted boolean not null,
    body jsonb not null,
    xid xid8 not null,
    id bigint not null,
    primary key (member_id, kind, key)
);
create index change_position on change (scope, xid, id) include (kind);
