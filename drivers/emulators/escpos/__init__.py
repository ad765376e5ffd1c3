"""An emulated receipt printer: ESC/POS in, paper out."""
