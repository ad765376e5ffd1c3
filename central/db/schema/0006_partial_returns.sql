-- A sale may come back in parts: what has been undone of it, and what each return undoes.

alter table sale add column restored bigint not null default 0;
alter table sale add column reversed bigint not null default 0;
update sale set restored = redeemed,
                reversed = case when accrual_state = 'reversed' then accrued else 0 end
where state <> 'open';
alter table sale add check (restored between 0 and redeemed and reversed between 0 and accrued);

-- Null: everything that the sale has left (returns of whole sales).
alter table sale_return add column restored bigint;
alter table sale_return add column reversed bigint;
alter table sale_return add column is_complete boolean not null default true;
