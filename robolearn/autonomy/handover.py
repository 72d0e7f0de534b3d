"""From hand to hand: a person takes the arm over and gives it back, and neither the tool nor the gripper jumps."""

from __future__ import annotations

from typing import NamedTuple

from robolearn.actions import GRIPPER, KeepsGripper
from robolearn.contracts import Float32, Teleop, TeleopEvent

EASE_S = 0.3


class Turn(NamedTuple):
    """What is to be done at one tick, and by whose will."""

    action: Float32  # (A,)
    engaged: bool  # the person's
    event: TeleopEvent


class HandOver:
    """Between a person and whoever drives while the person does not; made anew for each episode.

    For ``EASE_S`` after each change of hands the speed grows from nothing to what is asked for, and the gripper
    moves evenly from where it was commanded. An episode starts with an arm that stands still: nothing is eased."""

    def __init__(self, teleop: Teleop, policy_hz: float) -> None:
        self._teleop = teleop
        self._ticks = max(1, round(EASE_S * policy_hz))
        self._since = self._ticks
        self._engaged: bool | None = None
        self._gripper: float | None = None
        self._left_at = 0.0

    def turn(self, otherwise: Float32) -> Turn:
        """One tick; ``otherwise`` (A,) is done while the person does not drive. Raises DeviceError."""
        if self._gripper is None:
            self._gripper = float(otherwise[GRIPPER])
        if not self._engaged and isinstance(self._teleop, KeepsGripper):
            self._teleop.keep_gripper(self._gripper)
        reading = self._teleop.read()
        if self._engaged is not None and reading.engaged != self._engaged:
            self._since, self._left_at = 0, self._gripper
        self._engaged = reading.engaged
        action = self._eased(reading.action if reading.engaged else otherwise)
        self._gripper = float(action[GRIPPER])
        return Turn(action, reading.engaged, reading.event)

    def _eased(self, action: Float32) -> Float32:
        self._since = min(self._since + 1, self._ticks)
        if self._since == self._ticks:
            return action
        share = self._since / self._ticks
        eased: Float32 = action * share
        eased[GRIPPER] = self._left_at + (action[GRIPPER] - self._left_at) * share
        return eased
