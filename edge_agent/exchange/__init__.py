"""File exchange: the local API for tills that can read and write files and nothing else."""
