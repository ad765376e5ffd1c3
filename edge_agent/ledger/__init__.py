"""The register's two SQLite files: `ledger.db` (sacred) and `cache.db` (downloaded again)."""
