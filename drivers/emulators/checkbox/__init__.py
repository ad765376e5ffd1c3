"""An emulated Checkbox server: REST with faults, receipts counted by the emulated till."""
