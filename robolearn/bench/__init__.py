"""Measured comparisons with the peers, both sides in one run."""
