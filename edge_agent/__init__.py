"""The daemon on each register."""
