"""The verbs of a register: plain blocking functions over one ledger transaction."""
