-- Every life of a register that could take a purse must close it, one that was replaced too: its
-- machine may still be on somewhere. Lives that ended before there were purses took none.
alter table register_epoch drop column last_serial;
insert into purse_floor
select e.register_id, e.epoch, 4294967295 from register_epoch e
join register r on r.register_id = e.register_id
where e.epoch < r.epoch or r.revoked_at is not null
on conflict do nothing;
