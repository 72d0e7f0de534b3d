"""An arm and a gripper of another make, as one arm: ``driver: gripped`` with a section for each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Protocol

from drivers import table
from drivers.arm_commands import bounded
from drivers.table import Cell
from robolearn.config import Section
from robolearn.contracts import Arm, ArmCommand, ArmSpec, ArmState, Clock, Executed
from robolearn.errors import DeviceError
from robolearn.limits import GRIPPER_RANGE


class Gripper(Protocol):
    """A gripper, moved in the background: nothing here waits for it but connect and rearm."""

    @property
    def fault(self) -> str | None:
        """Why it refuses to move, or None; kept until :meth:`rearm`."""

    def connect(self) -> None:
        """Open the device. Raises DeviceError. Does not move it."""

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""

    def opening(self) -> float:
        """Newest reading, 0 closed .. 1 open. Raises DeviceError if there is none, or only an old one."""

    def move(self, opening: float) -> None:
        """To an opening, 0 closed .. 1 open. Raises DeviceError after a fault."""

    def stop(self, reason: str) -> None:
        """Hold still now, and keep the grip; refuse to move until :meth:`rearm`."""

    def rearm(self) -> None:
        """Clear the fault. A gripper that must find its ends first does so here. Raises DeviceError."""


@dataclass(frozen=True)
class GrippedConfig:
    """Both parts, each with its own driver."""

    arm: Section
    gripper: Section


def arm(section: Section, cell: Cell) -> GrippedArm:
    """Both devices, not connected yet. Raises ConfigError."""
    config = section.read(GrippedConfig)
    bare: Arm = table.make("arm", table.ARMS, config.arm, cell)
    gripper: Gripper = table.make("gripper", table.GRIPPERS, config.gripper)
    return GrippedArm(bare, gripper, cell.clock)


class GrippedArm:
    """Implements ``Arm``. A fault of either part is a fault of both."""

    def __init__(self, arm: Arm, gripper: Gripper, clock: Clock) -> None:
        self.arm, self.gripper, self.clock = arm, gripper, clock
        self._spec = replace(arm.spec, has_gripper=True)
        self._connected = False

    @property
    def spec(self) -> ArmSpec:
        """The arm's, with a gripper."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """The arm's, else the gripper's."""
        return self.arm.fault or self.gripper.fault

    @property
    def diagnostics(self) -> Mapping[str, object]:
        """What the arm says of itself, if it says anything."""
        told: Mapping[str, object] = getattr(self.arm, "diagnostics", {})
        return told

    def connect(self) -> None:
        """Open both; if one fails, close the other. Raises DeviceError."""
        if self._connected:
            return
        with ExitStack() as undo:
            self.arm.connect()
            undo.callback(self.arm.close)
            self.gripper.connect()
            undo.pop_all()
        self._connected = True

    def close(self) -> None:
        """Release both; may be called twice, and before connect."""
        self._connected = False
        self.gripper.close()
        self.arm.close()

    def read(self) -> ArmState:
        """The arm's reading, with the gripper's newest opening."""
        return self.arm.read()._replace(gripper_opening=self.gripper.opening())

    def command(self, command: ArmCommand) -> Executed:
        """Both get their part, the gripper only if the arm has taken its own."""
        opening = bounded(self._spec, command, self.clock.now_ns()).gripper_opening
        if self.fault is not None:
            raise DeviceError(f"{self._spec.name}: stopped ({self.fault}); make it safe, then call rearm()")
        done = self.arm.command(command._replace(gripper_opening=None))
        if opening is not None:
            self.gripper.move(opening)
        clips = done.clips if opening == command.gripper_opening else (*done.clips, GRIPPER_RANGE)
        return Executed(done.command._replace(gripper_opening=opening), clips)

    def stop(self, reason: str) -> None:
        """Hold both."""
        self.arm.stop(reason)
        self.gripper.stop(reason)

    def rearm(self) -> None:
        """The gripper first: it may have to find its ends, and the arm must not move meanwhile."""
        self.gripper.rearm()
        self.arm.rearm()
