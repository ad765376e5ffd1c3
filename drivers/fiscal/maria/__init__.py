"""MARIA-304T fiscal registers: frames, link, commands, driver."""
