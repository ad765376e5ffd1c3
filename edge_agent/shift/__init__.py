"""The register's shift: who is signed in, opening, X and Z, service cash, and what loyalty did."""
