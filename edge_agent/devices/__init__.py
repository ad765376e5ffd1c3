"""One worker thread per device: it owns the port, reopens it and says how the device is."""
