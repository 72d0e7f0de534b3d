"""What an arm is, as the parameters of a service: whoever stands for the arm offers it, before the arm is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from enum import Enum
from typing import Any

import numpy as np
from rcl_interfaces.msg import ParameterValue
from rclpy.parameter import Parameter, parameter_value_to_python

from robolearn.contracts import ArmSpec, CommandMode
from robolearn.errors import DeviceError
from robolearn.nodes import topics


class TimeKind(str, Enum):
    """What the clock of a cell is."""

    MONOTONIC = "monotonic"  # that of the machine
    SIMULATED = "simulated"  # the twin's, running by itself
    LOCK_STEP = "lock_step"  # the twin's, running when asked to


TIME = "time"
NAMES = (*(field.name for field in fields(ArmSpec)), TIME)


def from_spec(spec: ArmSpec, time: TimeKind, names: Sequence[str]) -> list[ParameterValue]:
    """Values of the asked ``names``; those that are unknown are not set, as ROS has it."""
    known = {field.name: getattr(spec, field.name) for field in fields(ArmSpec)} | {TIME: time.value}
    return [_message(known[name]) if name in known else ParameterValue() for name in names]


def to_spec(values: Sequence[ParameterValue]) -> tuple[ArmSpec, TimeKind]:
    """The arm, of the values of ``NAMES``. Raises DeviceError if one is missing."""
    known: dict[str, Any] = {name: parameter_value_to_python(value) for name, value in zip(NAMES, values, strict=False)}
    lacking = [name for name in NAMES if known.get(name) is None]
    if lacking:
        raise DeviceError(f"{topics.ARM_SPEC.name}: the answer does not say {', '.join(lacking)}")
    time = TimeKind(known.pop(TIME))
    for field in fields(ArmSpec):
        if str(field.type) == "Float":
            known[field.name] = np.array(known[field.name], float)
    known["joint_names"] = tuple(known["joint_names"])
    known["modes"] = tuple(CommandMode(mode) for mode in known["modes"])
    return ArmSpec(**known), time


def _message(value: Any) -> ParameterValue:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, tuple):
        value = [str(entry.value if isinstance(entry, Enum) else entry) for entry in value]
    return Parameter("value", value=value).get_parameter_value()
