"""Emulated Datecs P, Datecs X and Daisy: the same till, three dialects."""
