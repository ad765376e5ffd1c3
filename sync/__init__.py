"""The wire contract between registers and the centre, and the register's side of it."""
