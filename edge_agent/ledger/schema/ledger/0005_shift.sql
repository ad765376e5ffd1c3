-- The register's shifts: which facts belong to each, and how it was closed.
CREATE TABLE shift (
  shift_id TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  opened_at TEXT NOT NULL,
  opened_by TEXT NOT NULL,
  boot TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  after_epoch INTEGER NOT NULL,
  after_seq INTEGER NOT NULL,
  until_epoch INTEGER,
  until_seq INTEGER,
  closed_at TEXT,
  closed_by TEXT,
  z_number TEXT NOT NULL,
  totals TEXT,
  crc INTEGER
) STRICT;
CREATE UNIQUE INDEX shift_number ON shift (number);
CREATE UNIQUE INDEX shift_open ON shift (state) WHERE state = 'open';

-- Acts on the fiscal device's shift, each done once, like a paper.
CREATE TABLE shift_act (
  job_id TEXT PRIMARY KEY,
  shift_id TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('open', 'x', 'z', 'cash_in', 'cash_out')),
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'printing', 'printed', 'not_printed', 'unknown')),
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  cashier_id TEXT NOT NULL,
  body TEXT NOT NULL,
  fiscal_number TEXT NOT NULL,
  reason TEXT NOT NULL,
  evidence TEXT NOT NULL,
  created_at TEXT NOT NULL,
  decided_at TEXT,
  crc INTEGER
) STRICT;
CREATE INDEX shift_act_waiting ON shift_act (created_at) WHERE state <> 'printed';

-- Who is signed in (at most one), and wrong attempts by person; `*` stands for unknown ones.
CREATE TABLE sign_in (
  cashier_id TEXT PRIMARY KEY,
  is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  how TEXT NOT NULL,
  signed_at TEXT NOT NULL,
  failures INTEGER NOT NULL,
  locked_until TEXT NOT NULL,
  crc INTEGER
) STRICT;
CREATE UNIQUE INDEX sign_in_current ON sign_in (is_current) WHERE is_current = 1;
