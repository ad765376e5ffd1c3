"""Training: the same register over files of its own, gone without a trace when it ends."""
