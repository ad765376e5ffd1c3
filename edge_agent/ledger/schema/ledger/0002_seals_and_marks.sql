-- Where the chain of an epoch starts after its older, acknowledged facts were pruned: the hash of
-- fact `seq`, signed by the register.
CREATE TABLE chain_mark (
  epoch INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  marked_at TEXT NOT NULL,
  public_key BLOB NOT NULL,
  signature BLOB NOT NULL,
  crc INTEGER
) STRICT;

-- `crc` seals a row (edge_agent.ledger.row_seals).
ALTER TABLE meta ADD COLUMN crc INTEGER;
ALTER TABLE outbox ADD COLUMN crc INTEGER;
ALTER TABLE sale ADD COLUMN crc INTEGER;
ALTER TABLE authorisation ADD COLUMN crc INTEGER;
ALTER TABLE lease_burn ADD COLUMN crc INTEGER;
ALTER TABLE member_effect ADD COLUMN crc INTEGER;
ALTER TABLE print_job ADD COLUMN crc INTEGER;
ALTER TABLE sale_return ADD COLUMN crc INTEGER;
ALTER TABLE idempotency ADD COLUMN crc INTEGER;
ALTER TABLE device_journal ADD COLUMN crc INTEGER;

UPDATE meta SET crc = row_seal(key, value);
UPDATE outbox SET crc = row_seal(epoch, seq, state, created_at);
UPDATE sale SET crc = row_seal(sale_id, state, revision, member_id, opened_at, touched_at,
  committed_at, draft, document, result);
UPDATE authorisation SET crc = row_seal(auth_id, sale_id, member_id, requested_points, state,
  layer, hold_points, lease_id, lease_points, reason, asked_at);
UPDATE lease_burn SET crc = row_seal(lease_id, sale_id, points);
UPDATE member_effect SET crc = row_seal(member_id, epoch, seq, spent_points, earned_points);
UPDATE print_job SET crc = row_seal(job_id, subject_id, kind, state, document, attempts,
  fiscal_number, reason, evidence, created_at, decided_at);
UPDATE sale_return SET crc = row_seal(return_id, sale_id, state, document, created_at);
UPDATE idempotency SET crc = row_seal(key, request_hash, status, answer, created_at);
UPDATE device_journal SET crc = row_seal(device, key, value);

-- Facts of before, found by age when they are pruned; answers likewise.
CREATE INDEX idempotency_age ON idempotency (created_at);
