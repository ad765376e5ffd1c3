"""Devices: transport."""
