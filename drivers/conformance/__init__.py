"""Devices: conformance."""
