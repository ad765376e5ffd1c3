"""Emulated devices that speak the real bytes over a pseudo terminal or TCP, with faults on demand.

`cli` is the program `edge-emulator`; `fleet` runs the devices of one TOML file; `wire` is where
bytes come in and go out; `scanner` and `printer` with `datecs_ua` are the devices; `control` is the
HTTP server a person or a test steers them with. Nothing in the real drivers imports any of this.
"""
