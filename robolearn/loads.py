"""What an arm feels, against what its cell allows: too much at the tool stops it, too much at the gripper eases it."""

from __future__ import annotations

import math
from typing import NamedTuple

from robolearn.contracts import ArmState
from robolearn.errors import ConfigError
from robolearn.limits import NONE_MEASURED, Limits, Load

FREE = (0.0, 1.0)  # openings that the gripper may go to while it does not squeeze
RELAXED = 0.5  # a gripper that was eased may close again once it feels less than this share of its limit


class _Felt(NamedTuple):
    """One load: the name of its limit in the station's file, what is allowed and what was measured (or None)."""

    name: str
    allowed: float | None
    measured: float | None


class LoadGuard:
    """Compares each reading of an arm with the load limits of its cell."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._opening_sent: float | None = None
        self._opening_range = FREE

    def start(self, arm: str, state: ArmState) -> None:
        """Nothing was sent yet. Raises ConfigError if ``arm`` does not measure what is limited, or the other way."""
        for felt in self._felt(state):
            if felt.allowed is not None and felt.measured is None:
                raise ConfigError(
                    f"{arm}: limits.{felt.name} is {felt.allowed}, but the arm does not measure it, so nothing would "
                    f"hold the limit. If that is safe in this cell, write {NONE_MEASURED}."
                )
            if felt.allowed is None and felt.measured is not None:
                raise ConfigError(f"{arm}: limits.{felt.name} is {NONE_MEASURED}, but the arm measures it. State it.")
        self._opening_sent, self._opening_range = None, FREE

    def watch(self, state: ArmState) -> str | None:
        """Why the arm must stop now, or None. Finds how far the gripper may go until the next reading, too."""
        gripper, *at_tool = self._felt(state)
        for felt in (gripper, *at_tool):
            if felt.allowed is not None and felt.measured is None:
                return f"{felt.name} is limited, but not measured any more"
        for felt in at_tool:
            if felt.allowed is not None and felt.measured is not None and not felt.measured <= felt.allowed:
                return f"{felt.name}: {felt.measured:.3g} at the tool, allowed are {felt.allowed:.3g}"
        self._opening_range = self._eased(gripper, state.gripper_opening)
        return None

    def bound(self, opening: float) -> float:
        """The opening nearest to ``opening`` that squeezes no harder than allowed."""
        low, high = self._opening_range
        self._opening_sent = min(max(opening, low), high)
        return self._opening_sent

    def _eased(self, gripper: _Felt, opening: float | None) -> tuple[float, float]:
        """Range of openings. A servo's load grows with its lead over the measured opening, so the lead shrinks."""
        sent = self._opening_sent
        if gripper.allowed is None or gripper.measured is None or sent is None or opening is None:
            return FREE
        if gripper.measured <= gripper.allowed:
            return self._opening_range if gripper.measured > RELAXED * gripper.allowed else FREE
        eased = opening + (sent - opening) * gripper.allowed / gripper.measured
        return (0.0, eased) if sent > opening else (eased, 1.0)

    def _felt(self, state: ArmState) -> tuple[_Felt, _Felt, _Felt]:
        limits, load, wrench = self._limits, state.gripper_load, state.wrench_tool
        force = None if wrench is None else math.hypot(*wrench[:3])
        torque = None if wrench is None else math.hypot(*wrench[3:])
        return (
            _Felt("gripper_load", _allowed(limits.gripper_load), None if load is None else abs(load)),
            _Felt("tool_force_n", _allowed(limits.tool_force_n), force),
            _Felt("tool_torque_nm", _allowed(limits.tool_torque_nm), torque),
        )


def _allowed(limit: Load) -> float | None:
    return None if isinstance(limit, str) else limit
