"""Every RTDE variable that the virtual controller knows, by name: its type, and where outputs start."""

from __future__ import annotations

from collections.abc import Mapping

from sim.wire.ur.packets import TYPES, Values

REGISTERS = 48

_OUTPUTS = {
    "DOUBLE": (
        "timestamp", "actual_execution_time", "speed_scaling", "target_speed_fraction", "actual_momentum",
        "actual_main_voltage", "actual_robot_voltage", "actual_robot_current", "standard_analog_input0",
        "standard_analog_input1", "standard_analog_output0", "standard_analog_output1", "payload",
    ),
    "VECTOR6D": (
        "target_q", "target_qd", "target_qdd", "target_current", "target_moment", "actual_q", "actual_qd",
        "actual_current", "joint_control_output", "actual_TCP_pose", "actual_TCP_speed", "actual_TCP_force",
        "target_TCP_pose", "target_TCP_speed", "joint_temperatures", "actual_joint_voltage", "ft_raw_wrench",
        "payload_inertia",
    ),
    "VECTOR3D": ("actual_tool_accelerometer", "payload_cog"),
    "VECTOR6INT32": ("joint_mode",),
    "UINT64": ("actual_digital_input_bits", "actual_digital_output_bits"),
    "UINT32": ("runtime_state", "robot_status_bits", "safety_status_bits"),
    "INT32": ("robot_mode", "safety_mode"),
}  # fmt: skip
_INPUTS = {
    "UINT32": ("speed_slider_mask",),
    "DOUBLE": ("speed_slider_fraction",),
    "VECTOR6D": ("external_force_torque",),
}


def _types(groups: Mapping[str, tuple[str, ...]], direction: str) -> dict[str, str]:
    types = {name: kind for kind, names in groups.items() for name in names}
    types |= {f"{direction}_int_register_{number}": "INT32" for number in range(REGISTERS)}
    return types | {f"{direction}_double_register_{number}": "DOUBLE" for number in range(REGISTERS)}


OUTPUTS = _types(_OUTPUTS, "output")
INPUTS = _types(_INPUTS, "input")


def blank(types: dict[str, str]) -> dict[str, Values]:
    """A zero for every variable, as a controller has after power-on."""
    return {name: (0.0 if "d" in TYPES[kind] else 0,) * int(TYPES[kind][:-1] or 1) for name, kind in types.items()}
