"""Calibration of cells; each routine writes a dated YAML artefact with its residual. None is here yet."""
