"""What is installed only with an extra of ``setup.py``, by the names under which it is imported."""

from __future__ import annotations

EXTRAS: dict[str, tuple[str, ...]] = {
    "arms": ("dynamixel_sdk", "scservo_sdk", "franky", "pymodbus", "serial", "rtde_control", "rtde_receive"),
    "inputs": ("evdev", "pyrealsense2", "pyspacemouse"),
    "ros": (
        "mcap", "rosbags", "rclpy", "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs",
        "rcl_interfaces", "rosgraph_msgs", "sensor_msgs", "std_msgs", "std_srvs", "trajectory_msgs",
    ),
}  # fmt: skip


def lacking(error: ModuleNotFoundError) -> str | None:
    """Words for a person, if an extra brings what was not found; None if it is no extra's, and so a fault of ours."""
    module = (error.name or "").partition(".")[0]
    for extra, modules in EXTRAS.items():
        if module in modules:
            return (
                f"this needs {module}, which is not installed here. An extra of robolearn brings it, in the checkout: "
                f"pip install -e '.[{extra}]'"
            )
    return None
