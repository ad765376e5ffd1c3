-- The machine on which an epoch's log first said that it is whole: a second one is a clone.
alter table register_epoch add column confirmed_machine text not null default '';
