-- A store hub's own file: what it has handed out and what its island has used. Sums only rise.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Rights that have left the hub: lent to a life of a register, its own till's too.
CREATE TABLE lease_given (
  lease_id TEXT PRIMARY KEY,
  points INTEGER NOT NULL CHECK (points > 0)
) STRICT, WITHOUT ROWID;
CREATE TABLE lease_lent (
  register_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  lease_id TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points > 0),
  PRIMARY KEY (register_id, epoch, member_id, lease_id)
) STRICT, WITHOUT ROWID;

-- Answers under authorisation ids: the same id gets the same answer.
CREATE TABLE claim (
  auth_id TEXT PRIMARY KEY,
  register_id TEXT NOT NULL,
  member_id INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  purse_points INTEGER NOT NULL CHECK (purse_points >= 0),
  cache_points INTEGER NOT NULL CHECK (cache_points >= 0),
  is_settled INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_serial ON claim (serial) WHERE serial > 0;
CREATE INDEX claim_cache ON claim (auth_id) WHERE cache_points > 0 AND is_settled = 0;

-- What each register has burnt of a serial by its own records beside what it had claimed here.
CREATE TABLE purse_burnt (
  serial INTEGER NOT NULL,
  register_id TEXT NOT NULL,
  points INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  PRIMARY KEY (serial, register_id)
) STRICT, WITHOUT ROWID;

-- The second copy of receipts: requests as the registers signed them for the centre.
CREATE TABLE life (
  register_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  head_seq INTEGER NOT NULL,
  head_hash BLOB NOT NULL,
  acked_seq INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (register_id, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE copy (
  register_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (register_id, epoch, first_seq)
) STRICT, WITHOUT ROWID;

-- What copied receipts spent and the centre had not acknowledged when they came.
CREATE TABLE spent (
  register_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (register_id, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_member ON spent (member_id);

-- The other side: what a hub has lent to a life of this register.
CREATE TABLE sub_lease (
  epoch INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  lease_id TEXT NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (epoch, member_id, lease_id)
) STRICT, WITHOUT ROWID;
