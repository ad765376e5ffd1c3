-- How long the cashier's screen was busy with each sale: counts and milliseconds, no contents.
CREATE TABLE sale_pace (
  sale_id TEXT PRIMARY KEY,
  at TEXT NOT NULL,
  way TEXT NOT NULL,
  lines INTEGER NOT NULL CHECK (lines >= 0),
  keys INTEGER NOT NULL CHECK (keys >= 0),
  ms INTEGER NOT NULL CHECK (ms >= 0),
  verbs TEXT NOT NULL
) STRICT;
CREATE INDEX sale_pace_age ON sale_pace (at);
