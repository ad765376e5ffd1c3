"""The buyer's tablet on the shop's network: one form, and nothing else of the register."""
