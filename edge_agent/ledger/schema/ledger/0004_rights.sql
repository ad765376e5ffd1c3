-- Layers of a redemption: its number in this life of the register, how strongly the member was
-- identified, what each layer gives, and the number of the fact that used it.
ALTER TABLE authorisation ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authorisation ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authorisation ADD COLUMN strength INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authorisation ADD COLUMN purse_serial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authorisation ADD COLUMN purse_points INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authorisation ADD COLUMN purse_minute INTEGER NOT NULL DEFAULT -1;
ALTER TABLE authorisation ADD COLUMN link_index INTEGER NOT NULL DEFAULT -1;
ALTER TABLE authorisation ADD COLUMN cache_points INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authorisation ADD COLUMN island TEXT NOT NULL DEFAULT '';
ALTER TABLE authorisation ADD COLUMN used_seq INTEGER NOT NULL DEFAULT 0;
UPDATE authorisation SET crc = row_seal(auth_id, sale_id, member_id, requested_points, state,
  layer, hold_points, lease_id, lease_points, reason, asked_at, epoch, number, strength,
  purse_serial, purse_points, purse_minute, link_index, cache_points, island, used_seq);
CREATE INDEX authorisation_number ON authorisation (epoch, number);
CREATE INDEX authorisation_open ON authorisation (sale_id) WHERE state = 'decided';
CREATE INDEX authorisation_used ON authorisation (epoch, used_seq) WHERE state = 'used';

-- What each decision rested on: layer, parts, inputs, as JSON.
CREATE TABLE decision (
  auth_id TEXT PRIMARY KEY,
  decided_at TEXT NOT NULL,
  body TEXT NOT NULL,
  crc INTEGER
) STRICT, WITHOUT ROWID;

-- What sales of this register took of a purse's serial, and the minute of the screen that showed
-- it; never reduced and never dropped, whatever the epoch.
CREATE TABLE purse_burn (
  serial INTEGER NOT NULL,
  sale_id TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points > 0),
  minute INTEGER NOT NULL,
  crc INTEGER,
  PRIMARY KEY (serial, sale_id)
) STRICT, WITHOUT ROWID;

-- What sales redeemed by a cached balance alone, until the centre's rows contain the fact.
CREATE TABLE cache_burn (
  member_id INTEGER NOT NULL,
  sale_id TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points > 0),
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  island TEXT NOT NULL,
  crc INTEGER,
  PRIMARY KEY (member_id, sale_id)
) STRICT, WITHOUT ROWID;

-- What was given back of a lease, once for each recall.
CREATE TABLE lease_return (
  lease_id TEXT NOT NULL,
  recall_id TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points >= 0),
  crc INTEGER,
  PRIMARY KEY (lease_id, recall_id)
) STRICT, WITHOUT ROWID;

-- Units taken of a counter lease: by a sale, or given back under `return:` and the recall's id.
CREATE TABLE counter_burn (
  counter_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  units INTEGER NOT NULL CHECK (units >= 0),
  crc INTEGER,
  PRIMARY KEY (counter_id, subject)
) STRICT, WITHOUT ROWID;
