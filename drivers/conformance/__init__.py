"""Checks that every driver of a kind has to pass, whatever the device: emulated or real.

A check is a function that takes a bench (how to open the device, how to know the truth) and raises
`AssertionError` with a sentence. pytest runs them on the emulators; a service engineer can run them
on a device in training mode.
"""
