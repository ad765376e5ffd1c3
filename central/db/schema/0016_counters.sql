-- Countable rights (uses of a coupon, receipts or kopecks of a campaign, a gift card's balance) under
-- the conditions of leases. `member_id` is 0 for rights of nobody's own. What is neither lent nor
-- taken without a lease is left at the centre.
create table counter (
    member_id bigint not null,
    counter_key text not null,          -- kind:key:window
    kind text not null check (kind in ('coupon', 'member_limit', 'campaign_limit', 'gift_card')),
    key text not null,
    time_window text not null,
    unit text not null check (unit in ('use', 'minor')),
    total bigint not null check (total >= 0),
    expires_on date,
    primary key (member_id, counter_key)
);
create table counter_lease (
    member_id bigint not null,
    counter_id text not null,
    counter_key text not null,
    register_id text not null,
    epoch integer not null,
    granted bigint not null,
    used bigint not null default 0,     -- over what was granted: the loss of a register that lied
    returned bigint not null default 0,
    state text not null check (state in ('open', 'closed')),
    recall_id text not null default '',
    recall_units bigint not null default 0,
    primary key (member_id, counter_id)
);
create index counter_lease_key on counter_lease (member_id, counter_key);
