"""The launch files' content: the same processes that ``robolearn up`` starts, as actions of ``ros2 launch``.

Only launch files import this module: launch and launch_ros come with an installation of ROS, not from PyPI.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable, Shutdown, TimerAction
from launch.events.process import ProcessExited
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from robolearn.nodes import network
from robolearn.nodes.up import rules
from robolearn.nodes.up.restarts import Restarts, Then
from robolearn.nodes.up.setups import Start, Wanted, starts

PACKAGE = "robolearn"
SIM_TIME = "use_sim_time"
OPTIONAL = {
    "task": "name or file of the task",
    "run": "folder of the run, for practice",
    "namespace": "keeps this cell apart from others on the network",
    SIM_TIME: "true or false; if not given, true where there is a twin",
    "log_level": "debug, info, warn, error or fatal",
    "params_file": "parameter file of ROS",
    "nodes": "start these, too, separated by spaces",
}


def description(setup: str) -> LaunchDescription:
    """What the launch file of ``setup`` describes."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("station", description="name or file of the station"),
            *(DeclareLaunchArgument(name, default_value="", description=text) for name, text in OPTIONAL.items()),
            *(SetEnvironmentVariable(name, value) for name, value in network.defaults(os.environ).items()),
            OpaqueFunction(function=_nodes, args=[setup]),
        ]
    )


def _nodes(context: LaunchContext, setup: str) -> list[Node]:
    """Actions for what the arguments ask for. Raises ConfigError."""
    given = {name: value for name, value in context.launch_configurations.items() if value}
    files = [Path(given["params_file"])] if "params_file" in given else []
    chosen = [rule for path in files for rule in rules.from_file(path)]
    chosen += [rules.argument(name, given[name]) for name in ("task", "run") if name in given]
    chosen += [rules.assignment(f"{SIM_TIME}:={given[SIM_TIME]}")] if SIM_TIME in given else []
    others = tuple(given.get("nodes", "").split())
    wanted = Wanted(setup, given["station"], given.get("namespace", ""), tuple(chosen), others)
    return [_node(start, given.get("log_level", "info"), Restarts(start.entry.restart)) for start in starts(wanted)]


def _node(start: Start, log_level: str, restarts: Restarts) -> Node:
    values = {name: ParameterValue(value, value_type=type(value)) for name, value in start.parameters.items()}
    return Node(
        package=PACKAGE,
        executable=start.entry.name,
        name=start.name,
        namespace=start.namespace,
        parameters=[values] if values else [],
        ros_arguments=["--log-level", log_level],
        output="both",
        sigterm_timeout=str(start.entry.end_patience_s),  # after SIGINT; SIGTERM says no more, and SIGKILL comes next
        on_exit=partial(_after, start=start, log_level=log_level, restarts=restarts, since_s=time.monotonic()),
    )


def _after(
    event: ProcessExited, context: LaunchContext, *, start: Start, log_level: str, restarts: Restarts, since_s: float
) -> list[Action]:
    """What follows the end of a node that was started at ``since_s``, as its restart policy says."""
    if context.is_shutdown:
        return []
    then = restarts.after(event.returncode, time.monotonic() - since_s)
    if then is Then.GIVE_UP:
        return [Shutdown(reason=f"{start.name} does not start")]
    if then is Then.DONE:
        return [Shutdown(reason=f"{start.name} is done")]
    again = OpaqueFunction(function=lambda _: [_node(start, log_level, restarts)])
    return [TimerAction(period=restarts.wait_s, actions=[again])]
