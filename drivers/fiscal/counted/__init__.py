"""Printing a receipt exactly once on a printer that counts its receipts, whatever its protocol."""
