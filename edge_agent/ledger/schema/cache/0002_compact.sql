-- Rows in the form of sync.contract.cache_format; they come again with the feed or a snapshot.
DROP TABLE member;
DROP TABLE token;
DROP TABLE good;
DROP TABLE barcode;
DROP TABLE lease;
DROP TABLE ruleset;
DROP TABLE head;
DROP TABLE meta;
CREATE TABLE member (
  member_id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  name TEXT,
  points INTEGER NOT NULL,
  tier TEXT,
  rest ANY
) STRICT;
CREATE TABLE token (
  key INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  owner INTEGER NOT NULL
) STRICT;
CREATE TABLE phone (
  key INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  owner INTEGER NOT NULL
) STRICT;
CREATE TABLE good (
  sku TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  name_folded TEXT,
  body TEXT,
  crc INTEGER NOT NULL
) STRICT;
CREATE INDEX good_name ON good (name_folded, sku) WHERE name_folded IS NOT NULL;
CREATE TABLE barcode (
  barcode TEXT NOT NULL,
  sku TEXT NOT NULL,
  PRIMARY KEY (barcode, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_sku ON barcode (sku);
CREATE TABLE lease (
  lease_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  member_id INTEGER,
  register_id TEXT,
  epoch INTEGER,
  granted_points INTEGER,
  state TEXT CHECK (state IN ('open', 'recalled', 'closed')),
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_member ON lease (member_id, register_id, epoch) WHERE state IS NOT NULL;
CREATE TABLE ruleset (
  key TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  sequence INTEGER,
  sha256 TEXT,
  size INTEGER,
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE head (
  register_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  epoch INTEGER,
  seq INTEGER,
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
