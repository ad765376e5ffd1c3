"""Data of the demo shop: goods, members, rules and basket shapes. See LICENCE.txt."""
