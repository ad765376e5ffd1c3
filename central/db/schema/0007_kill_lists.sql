-- Promotions stopped by hand: every kill-list that was issued; the newest is in force. A list that
-- lets a promotion act again does so only with the bundle it names, or a later one.
create table kill_list (
    sequence bigint primary key,
    content bytea not null,
    signature bytea not null,
    key_id text not null,
    bundle_sequence bigint not null,
    created_at timestamptz not null,
    author text not null,
    reason text not null
);

-- Who answers for a bundle's warnings, and whose content a rollback brought back.
alter table bundle add column approved_by text not null default '';
alter table bundle add column restores bigint;
