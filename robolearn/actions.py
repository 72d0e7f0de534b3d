"""What an action of this stack is made of: the velocity of the tool, and where the gripper is to be."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

ACTION_NAMES = ("vx", "vy", "vz", "wz", "gripper")  # shares of full scale in [-1, 1], in the base frame
GRIPPER = ACTION_NAMES.index("gripper")


@runtime_checkable
class KeepsGripper(Protocol):
    """A teleoperation device whose gripper goes on from where it is, whoever brought it there."""

    def keep_gripper(self, value: float) -> None:
        """While the person does not drive: the gripper's action value as commanded, in [-1, 1]."""
