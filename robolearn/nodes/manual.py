"""``robolearn docs ros``: the page on nodes, topics, services and parameters, written from the table of nodes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rclpy.duration import Duration

from robolearn import atomic
from robolearn.nodes import topics
from robolearn.nodes.qos import PROFILES
from robolearn.nodes.table import END_PATIENCE_S, NODES, Needed, NodeEntry, Parameter, Restart
from robolearn.nodes.topics import Qos, Service, Topic
from robolearn.nodes.up.setups import SETUPS
from robolearn.processes import Urgency

PAGE = Path("docs/ros.md")
HEAD = """# Nodes, topics, services

<!-- Written by `robolearn docs ros` from robolearn/nodes/table.py and topics.py: edit those. -->

Every name is relative: a namespace moves a whole cell, so that two can share a network
([networking.md](networking.md)). Messages are the standard ones. Stamps are those of the reading or of the command,
not of the sending. `make setup` brings ROS 2 Kilted as wheels, for Linux on x86-64 and Python 3.11 or 3.12;
`ros2 launch` comes with an installation of ROS 2 ([ros-workspace.md](ros-workspace.md)).

```bash
robolearn up twin --station so101_twin --task lift_cube
robolearn tell rearm  # what ros2 service call does, where there is no ros2
```
"""
SETUPS_HEAD = """## What is started together

`robolearn up NAME` starts these as processes and keeps them up; `ros2 launch robolearn NAME.launch.py` starts the same.
Of the devices, a cell with a twin starts `twin_node` alone, and a real one the others.

What moves the arm asks for a real-time priority, what sees or acts for a lower one; learning gives way to all. Who
may not have one (`ulimit -r` says 0) runs the same nodes without: to allow it, put `@realtime - rtprio 90` into
`/etc/security/limits.conf` and join that group.
"""
QOS_HEAD = "## Quality of service\n"
NEEDED = {Needed.ALWAYS: "", Needed.REAL: "real cells", Needed.TWIN: "cells with a twin"}
RESTART = {Restart.ALWAYS: "always", Restart.ON_FAILURE: "if it failed"}
INFINITE = Duration(seconds=1e9)  # anything longer has no end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write."""
    parser.add_argument("--out", type=Path, default=PAGE, help=f"file to write ({PAGE})")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the page."""
    atomic.write_text(args.out, page())
    return {"page": args.out}


def page() -> str:
    """The whole page, in Markdown."""
    setups = ([f"`{setup.name}`", setup.meaning, _names(setup.nodes)] for setup in SETUPS.values())
    parts = [
        HEAD,
        SETUPS_HEAD,
        *_rows(("setup", "what", "nodes"), setups),
        QOS_HEAD,
        *_rows(("name", "reliability", "durability", "kept", "deadline", "lifespan"), map(_qos, Qos)),
        *(line for node in NODES for line in _node(node)),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def _qos(name: Qos) -> list[str]:
    profile = PROFILES[name]
    policies = [profile.reliability.name.lower(), profile.durability.name.lower(), str(profile.depth)]
    return [f"`{name.value}`", *policies, _seconds(profile.deadline), _seconds(profile.lifespan)]


def _seconds(duration: Duration) -> str:
    return f"{duration.nanoseconds * 1e-9:g} s" if 0 < duration.nanoseconds < INFINITE.nanoseconds else ""


def _node(node: NodeEntry) -> Iterator[str]:
    """The section of a node."""
    facts = [f"restarted: {RESTART[node.restart]}"]
    facts += [f"only in {NEEDED[node.needed]}"] if NEEDED[node.needed] else []
    facts += [_urgency(node.urgency)] if node.urgency is not Urgency.NORMAL else []
    facts += [f"may take {node.end_patience_s:g} s to end"] if node.end_patience_s > END_PATIENCE_S else []
    facts += ["has a life cycle"] if node.lifecycle else []
    facts += [f"one for each camera, called `{node.name}_<camera>`"] if node.per_camera else []
    yield f"## {node.name}\n\n{_sentence(node.meaning)} ({'; '.join(facts)})\n"
    yield from _rows(("parameter", "type", "default", "range", "changes", "meaning"), map(_parameter, node.parameters))
    yield from _rows(("publishes", "type", "QoS", "meaning"), map(_topic, node.publishes))
    yield from _rows(("subscribes to", "type", "QoS", "meaning"), map(_topic, node.subscribes))
    yield from _rows(("offers", "type", "meaning"), map(_service, node.services))


def _urgency(urgency: Urgency) -> str:
    return "gives way to all others" if urgency is Urgency.IDLE else f"real-time priority {urgency}, if its user may"


def _parameter(parameter: Parameter) -> list[str]:
    default = "required" if parameter.default is None else f"`{str(parameter.default).lower()}`"
    changes = "at start" if parameter.read_only else "any time"
    return [f"`{parameter.name}`", parameter.type.__name__, default, _range(parameter), changes, parameter.meaning]


def _range(parameter: Parameter) -> str:
    if math.isinf(parameter.low) and math.isinf(parameter.high):
        return ""
    return f"{parameter.low:g} .. {parameter.high:g}" if math.isfinite(parameter.high) else f"from {parameter.low:g}"


def _topic(topic: Topic) -> list[str]:
    place = "<commander>" if topic.name == topics.REQUESTED.name else "<camera>"
    return [f"`{topic.name.format(place)}`", f"`{topic.type}`", topic.qos.value, topic.meaning]


def _service(service: Service) -> list[str]:
    return [f"`{service.name}`", f"`{service.type}`", service.meaning]


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, or nothing if it had no row."""
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    if lines:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        yield from lines
        yield ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
