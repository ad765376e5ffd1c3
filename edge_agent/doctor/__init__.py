"""`edge-agent doctor`: what keeps this register from working, and what to do about it.

Every check stands alone, has a time limit, changes nothing and works with the agent stopped.
"""
