-- Coupons that sales earned and used: {"code", "until", "sale_id", "used_by", "pending"}.

alter table member add column coupons jsonb not null default '[]';
