"""Devices at the till: scanners, fiscal and receipt printers, and the emulators of each."""
