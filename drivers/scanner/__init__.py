"""Devices: scanner."""
