"""Who may redeem how much, by which layer, and what that can cost at most."""
