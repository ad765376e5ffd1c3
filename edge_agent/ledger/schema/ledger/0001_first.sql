-- The sacred file: every row here was acknowledged to somebody.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Upstream facts: gapless per epoch, hash-chained (sync.contract.chain), never deleted on a refusal.
CREATE TABLE outbox (
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'acked', 'quarantined')),
  created_at TEXT NOT NULL,
  PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_pending ON outbox (epoch, seq) WHERE state = 'pending';

CREATE TABLE sale (
  sale_id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('open', 'cancelled', 'committed', 'posted', 'voided', 'returned')),
  revision INTEGER NOT NULL,
  member_id INTEGER,
  opened_at TEXT NOT NULL,
  touched_at TEXT NOT NULL,
  committed_at TEXT,
  draft TEXT NOT NULL,
  document TEXT,
  result TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_open ON sale (touched_at) WHERE state = 'open';
CREATE INDEX sale_day ON sale (committed_at) WHERE committed_at IS NOT NULL;

-- Decisions about redemption; the row exists before anything is sent under its id.
CREATE TABLE authorisation (
  auth_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL,
  member_id INTEGER NOT NULL,
  requested_points INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asked', 'decided', 'used', 'dropped')),
  layer TEXT NOT NULL DEFAULT '',
  hold_points INTEGER NOT NULL DEFAULT 0,
  lease_id TEXT NOT NULL DEFAULT '',
  lease_points INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  asked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX authorisation_sale ON authorisation (sale_id);

-- What has been spent of each escrow lease; never reduced, so a lease can only shrink.
CREATE TABLE lease_burn (
  lease_id TEXT NOT NULL,
  sale_id TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points > 0),
  PRIMARY KEY (lease_id, sale_id)
) STRICT, WITHOUT ROWID;

-- Own effects on balances that the centre's rows may not contain yet.
CREATE TABLE member_effect (
  member_id INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  spent_points INTEGER NOT NULL,
  earned_points INTEGER NOT NULL,
  PRIMARY KEY (member_id, epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE print_job (
  job_id TEXT PRIMARY KEY,
  subject_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('sale', 'return')),
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'printing', 'printed', 'not_printed', 'unknown')),
  document TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  fiscal_number TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL,
  decided_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX print_job_todo ON print_job (created_at) WHERE state IN ('queued', 'printing');
CREATE INDEX print_job_waiting ON print_job (created_at) WHERE state <> 'printed';
CREATE INDEX print_job_subject ON print_job (subject_id);

CREATE TABLE sale_return (
  return_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('committed', 'posted', 'voided')),
  document TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers to writes, so that the same key always gets the same answer.
CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_journal (
  device TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (device, key)
) STRICT, WITHOUT ROWID;
