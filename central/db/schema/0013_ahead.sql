-- Rows that a register is given ahead of its turn, and beside a snapshot file.
create index change_ahead on change (xid, id)
    where kind in ('deny', 'offline_policy', 'purse_key') and scope = '*';
