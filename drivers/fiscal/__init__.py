"""Devices: fiscal."""
