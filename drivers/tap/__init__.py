"""The tap: between a POS and its ESC/POS printer, adding our lines before the cut.

It imports nothing of the agent and works without it: then it is a plain wire. It runs as
`python -m drivers.tap` in a process of its own that is started again when it dies.
"""
