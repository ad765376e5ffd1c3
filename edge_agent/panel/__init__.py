"""The cashier's screen: static files, served under /panel/ by the local API."""
