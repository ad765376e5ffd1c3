-- Segments that another system counts the member to; rules and offers ask for them.
alter table member add column segments text[] not null default '{}';
