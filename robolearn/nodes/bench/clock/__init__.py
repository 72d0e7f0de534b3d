"""Laid before the Python of the nodes whose wall clock is to be set."""
