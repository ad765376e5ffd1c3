"""The server side of the contract over a port, for the centre and for a store hub."""
