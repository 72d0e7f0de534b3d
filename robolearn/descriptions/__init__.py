"""What arms are made of: one MJCF file each, read by kinematics, by the twin and by nothing else."""

from __future__ import annotations

from pathlib import Path

from robolearn.errors import ConfigError, unknown

FOLDER = Path(__file__).parent


def description(name: str) -> Path:
    """MJCF file of an arm. Raises ConfigError, listing those there are."""
    known = {path.stem: path for path in FOLDER.glob("*.xml")}
    if name not in known:
        raise ConfigError(unknown("arm description", name, known))
    return known[name]
