-- What came back of a sale, at whichever register; and where a sale went that was given to another
-- member (its own id: it was voided and has no next life).

alter table subject add column sale_id uuid;
alter table subject add column gone_to uuid;
update subject s
set sale_id = (substring(convert_from(b.body, 'UTF8')
    from '"sale_id"\s*:\s*"([0-9a-f]{8}-[0-9a-f-]{27})"'))::uuid
from fact f join fact_body b
     on b.register_id = f.register_id and b.epoch = f.epoch and b.seq = f.seq
    and b.received_on = f.received_on
where s.kind = 'return' and f.kind = 'sale_return'
  and f.register_id = s.register_id and f.epoch = s.epoch and f.seq = s.seq;
create index subject_sale on subject (sale_id) where sale_id is not null;
