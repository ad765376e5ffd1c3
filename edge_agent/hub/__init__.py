"""The store hub: one register hands out rights of its store and keeps a second copy of receipts."""
