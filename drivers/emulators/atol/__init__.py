"""An emulated ATOL: packets and a task buffer on the wire, a fiscal printer behind it."""
