-- A hold ends with its register's log, never with the hour: `number` counts the questions of one
-- life of a register (0: an older register, which does not count).
alter table hold add column epoch integer not null default 0;
alter table hold add column number bigint not null default 0;
update hold h set epoch = r.epoch from register r where r.register_id = h.register_id;
drop index hold_open;
alter table hold drop column expires_at;
alter table hold drop constraint hold_state_check;
alter table hold add constraint hold_state_check
    check (state in ('open', 'used', 'voided', 'expired', 'settled', 'refused'));
create index hold_open on hold (register_id, epoch, number) where state = 'open';

-- What a register said: with all facts up to `seq`, questions up to `number` are answered in its
-- log or were given up.
create table settled (
    register_id text not null,
    epoch integer not null,
    number bigint not null,
    seq bigint not null,
    primary key (register_id, epoch)
);
