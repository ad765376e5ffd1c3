"""Devices: emulators."""
