"""An emulated MARIA-304T: frames of words on the wire, a fiscal register behind it."""
