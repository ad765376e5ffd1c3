"""ATOL fiscal printers, protocol 3: packets, task buffer, commands, driver."""
