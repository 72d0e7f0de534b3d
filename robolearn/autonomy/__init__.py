"""Autonomy: the loops that drive a cell: recording demonstrations, practice, and evaluation."""
