"""How a process joins the graph: on this machine alone unless told otherwise, with room for pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from robolearn.nodes import segments

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
NAMESPACE = "ROS_NAMESPACE"  # of the cell that a client of this process belongs to
PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE"
LOCAL = "LOCALHOST"
OWN_TIME = ("--ros-args", "-r", "/clock:=clock")  # in a namespace, the twin's time is that cell's alone


def join(words: Sequence[str] = (), context: Context | None = None) -> None:
    """Start ROS in this process, in ``context`` or the default one; ``words`` are its command line.

    Signals stay with the process: a context that ended under a node's hands could not be used to end well."""
    segments.sweep()
    os.environ.update(defaults(os.environ))
    rclpy.init(args=[*words, *OWN_TIME], context=context, signal_handler_options=SignalHandlerOptions.NO)


def defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """What is to be added to ``environment`` before ROS starts; what is set there stays."""
    reach = environment.get(RANGE, LOCAL)
    name = "fastdds_local.xml" if reach == LOCAL else "fastdds_network.xml"
    wanted = {RANGE: reach, PROFILE: str(Path(__file__).with_name(name))}
    return {name: value for name, value in wanted.items() if name not in environment}
