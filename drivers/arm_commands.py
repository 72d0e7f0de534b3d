"""What an arm may be asked to do: a command as far as its spec allows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robolearn.contracts import ArmCommand, ArmSpec, CommandMode, Float, check_age
from robolearn.errors import BorderError
from robolearn.limits import GRIPPER_RANGE, JOINT_RANGE

MAX_AGE_NS = 200_000_000


class Bounded(NamedTuple):
    """A joint command inside the ranges of its arm."""

    target_rad: Float  # (J,)
    gripper_opening: float | None
    clips: tuple[str, ...]


def bounded(spec: ArmSpec, command: ArmCommand, now_ns: int) -> Bounded:
    """A command of joint positions moved onto the ranges of ``spec``. Raises BorderError for a bad one."""
    opening = command.gripper_opening
    if command.mode is not CommandMode.JOINT_POSITION:
        raise BorderError(f"arm {spec.name}: mode {command.mode.value} is not among {[m.value for m in spec.modes]}")
    check_age(f"arm {spec.name} command", command.stamp_ns, now_ns, MAX_AGE_NS)
    values = np.asarray(command.values, float)
    if values.shape != spec.joint_lower_rad.shape or not np.isfinite(values).all():
        raise BorderError(f"arm {spec.name}: expected {len(spec.joint_names)} finite joint targets [rad], got {values}")
    target = np.clip(values, spec.joint_lower_rad, spec.joint_upper_rad)
    clips = [JOINT_RANGE] if (target != values).any() else []
    if opening is not None:
        if not np.isfinite(opening):
            raise BorderError(f"arm {spec.name}: gripper opening is not finite: {opening}")
        clips += [] if 0.0 <= opening <= 1.0 else [GRIPPER_RANGE]
        opening = min(1.0, max(0.0, float(opening)))
    return Bounded(target, opening, tuple(clips))
