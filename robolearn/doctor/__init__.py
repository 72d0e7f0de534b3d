"""The doctor: what of a station is there, how well it does, and what to do about the rest."""
