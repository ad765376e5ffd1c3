"""The ISL wire of an emulated printer: frames, SEQ memory, NAK and SYN."""
