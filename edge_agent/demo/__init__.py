"""The main job on one machine: a centre, two registers, emulated devices, and a pulled cable."""
