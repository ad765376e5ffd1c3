-- A purse that is redeemed online is claimed here, in the transaction of the redemption's hold: the
-- claim counts while the hold is open and ends with it, by the register's own log. `purse_minute`
-- is when the code was on the screen, -1 for a still one.
alter table hold add column purse_serial bigint not null default 0;
alter table hold add column purse_points bigint not null default 0;
alter table hold add column purse_minute bigint not null default -1;
create index hold_purse on hold (member_id, purse_serial) where purse_serial > 0;
