"""Fiscal printers: one folder per protocol family and dialect."""
