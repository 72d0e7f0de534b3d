"""ros2 launch robolearn twin.launch.py station:=... [task:=...] [namespace:=...]; all of them: --show-args."""

from __future__ import annotations

from launch import LaunchDescription

from robolearn.nodes.up.launching import description


def generate_launch_description() -> LaunchDescription:
    """What ``ros2 launch`` asks for."""
    return description("twin")
