"""Shtrih-M fiscal printers, protocol 1.10: frames, link, commands, driver."""
