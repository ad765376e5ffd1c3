"""The main job on one machine: a centre, two registers and emulated devices, with the cable pulled."""
