-- The store's feed as its hub read it: the newest state of each row, at the position of the page
-- that brought it. Nothing here is sacred; a file that is lost begins anew.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE feed_row (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  body TEXT NOT NULL,
  xid INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX feed_row_at ON feed_row (xid, id);
