-- A member who turned out to be another one: both numbers stay, what still comes for this one goes on.
alter table member add column merged_into bigint;
create index member_merged on member (merged_into) where merged_into is not null;
