"""What every scripted person at a twin does alike: sits down, drives tick by tick, and says so once it is done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import numpy as np

from robolearn.actions import ACTION_NAMES
from robolearn.contracts import Float, TeleopEvent, TeleopReading, World
from robolearn.errors import DeviceError
from robolearn.reference import ActionConfig

PATIENCE_TICKS = 6  # how long to look at a success before saying so

W = TypeVar("W", bound=World)


class ScriptedPerson(ABC, Generic[W]):
    """Implements ``Teleop``. It sees the scene, as a person sees the cell."""

    def __init__(self, world: W, action: ActionConfig) -> None:
        self.world, self._config = world, action
        self._connected = False
        self._success_ticks = 0

    @property
    def action_names(self) -> tuple[str, ...]:
        """Twist of the tool in the base frame, and the gripper."""
        return ACTION_NAMES

    def connect(self) -> None:
        """The person sits down."""
        self._connected = True

    def close(self) -> None:
        """The person leaves."""
        self._connected = False

    def begin(self, seed: int) -> None:
        """Look at a new episode."""
        self._success_ticks = 0

    def read(self) -> TeleopReading:
        """Drive on towards the goal, and say so once it has been reached for a moment."""
        if not self._connected:
            raise DeviceError("the demonstrator is not connected: call connect() first")
        self._success_ticks = self._success_ticks + 1 if self.world.succeeded() else 0
        event = TeleopEvent.SUCCESS if self._success_ticks > PATIENCE_TICKS else TeleopEvent.NONE
        return TeleopReading(self.world.clock.now_ns(), True, self._drive().astype(np.float32), event)

    @abstractmethod
    def _drive(self) -> Float:
        """The action of this tick (5,)."""


def slowed(velocity: Float, most: float) -> Float:
    """``velocity`` (3,), no faster than ``most``, in the same direction."""
    return velocity * min(1.0, most / max(float(np.linalg.norm(velocity)), 1e-9))
