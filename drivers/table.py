"""The table of drivers: one line each. A driver's module is imported only when a station names it.

The module has one function, named after its kind, whose first argument is the rest of its section in the
station's file: ``arm(section, cell)``, ``gripper(section)``, ``camera(section, spec, cell)``,
``teleop(section, cell, arm)`` or ``scene(section, cell)``. It returns a device that is not connected yet, and raises
ConfigError.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from robolearn.config import Section
from robolearn.contracts import Clock
from robolearn.errors import ConfigError, unknown
from robolearn.limits import Limits
from robolearn.reference import ActionConfig

ARMS = {
    "dynamixel": "drivers.dynamixel",
    "feetech": "drivers.feetech",
    "franka": "drivers.franka",
    "gripped": "drivers.gripped",
    "ur": "drivers.ur",
}
GRIPPERS = {
    "franka_hand": "drivers.franka_hand",
    "robotiq_modbus": "drivers.robotiq_modbus",
    "robotiq_socket": "drivers.robotiq_socket",
}
CAMERAS = {
    "file": "drivers.video_file",
    "realsense": "drivers.realsense",
    "stream": "drivers.stream",
    "v4l2": "drivers.v4l2",
}
TELEOPS = {
    "gamepad": "drivers.gamepad",
    "keyboard": "drivers.keyboard",
    "leader": "drivers.leader",
    "spacemouse": "drivers.spacemouse",
}
SCENES = {
    "ask": "drivers.ask_scene",
    "free": "drivers.free_scene",
    "virtual": "drivers.virtual_scene",
}


class Cell(NamedTuple):
    """What a driver may know of the station it belongs to."""

    station: str
    task: str
    instruction: str
    description: Path  # MJCF file of the arm
    joint_names: tuple[str, ...]
    control_hz: float
    action: ActionConfig
    limits: Limits
    clock: Clock


class Scene(Protocol):
    """What stands around the arm: who brings it to a start state, and whether anybody knows the truth about it."""

    def reset(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """Return when an episode may start, with the draws behind it, and a stopped arm may be re-armed.

        ``stopped`` is why it is. Raises DeviceError."""

    def succeeded(self) -> bool | None:
        """Ground truth of the task; None where nobody knows it."""

    def close(self) -> None:
        """Let go of it; may be called twice."""


def make(kind: str, table: Mapping[str, str], section: Section, *context: Any) -> Any:
    """The device that ``section`` describes; ``kind`` is the function's name. Raises ConfigError."""
    name, settings = section.split("driver")
    if name not in table:
        raise ConfigError(f"{section.source}: {section.name}: {unknown(f'{kind} driver', name, table)}")
    try:
        module = importlib.import_module(table[name])
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the {kind} driver {name!r} needs {error.name}, which is not installed here. "
            "These extras bring all that drivers need, in the checkout: pip install -e '.[arms,inputs]'"
        ) from error
    return getattr(module, kind)(settings, *context)
