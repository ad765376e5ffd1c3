-- Rows about rights that a snapshot does not hold; they come with the feed. `name` finds the
-- counter leases of a coupon, a promotion or a card; `body` is JSON, NULL once deleted.
CREATE TABLE right_row (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  body TEXT,
  crc INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX right_name ON right_row (name, kind) WHERE name <> '';
