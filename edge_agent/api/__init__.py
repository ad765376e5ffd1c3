"""The local API for the POS and the panel: HTTP on loopback, JSON in and out."""
