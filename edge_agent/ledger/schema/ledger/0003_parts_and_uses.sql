-- A sale may come back in parts: several returns of one sale.
CREATE TABLE sale_return_parts (
  return_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('committed', 'posted', 'voided')),
  document TEXT NOT NULL,
  created_at TEXT NOT NULL,
  crc INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO sale_return_parts SELECT return_id, sale_id, state, document, created_at, crc
  FROM sale_return;
DROP TABLE sale_return;
ALTER TABLE sale_return_parts RENAME TO sale_return;
CREATE INDEX sale_return_sale ON sale_return (sale_id);

-- Uses of promotions that are counted, by this register's own sales: of a member on a day, of a
-- member ever (day ''), of the whole campaign (member 0).
CREATE TABLE promotion_use (
  promotion_id TEXT NOT NULL,
  member_id INTEGER NOT NULL,
  day TEXT NOT NULL,
  receipts INTEGER NOT NULL,
  minor INTEGER NOT NULL,
  crc INTEGER,
  PRIMARY KEY (promotion_id, member_id, day)
) STRICT, WITHOUT ROWID;

-- Coupons that own sales used up or earned and the centre's rows may not contain yet.
CREATE TABLE coupon_change (
  member_id INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  sale_id TEXT NOT NULL,
  coupon TEXT NOT NULL,
  expires_on TEXT NOT NULL,
  is_used INTEGER NOT NULL CHECK (is_used IN (0, 1)),
  crc INTEGER,
  PRIMARY KEY (member_id, epoch, seq, number)
) STRICT, WITHOUT ROWID;
