"""Whether a cell runs already where another one is to be started."""

from __future__ import annotations

import os
import time
from collections.abc import Collection

from rclpy.context import Context
from rclpy.node import Node

from robolearn.errors import ConfigError
from robolearn.nodes import network

DISCOVERY_S = 1.0  # on one machine, nodes find each other well within
LOOK_S = 0.05


def refuse_clash(names: Collection[str], namespace: str, look_s: float = DISCOVERY_S) -> None:
    """Look at the graph for ``look_s`` [s]. Raises ConfigError if one of ``names`` runs in ``namespace``."""
    context = Context()
    network.join(context=context)
    node = Node(f"up_{os.getpid()}", context=context, enable_rosout=False, start_parameter_services=False)
    try:
        deadline_s = time.monotonic() + look_s
        while time.monotonic() < deadline_s:
            running = {name for name, where in node.get_node_names_and_namespaces() if where == namespace}
            if found := sorted(running & set(names)):
                raise ConfigError(
                    f"a cell runs already in the namespace {namespace}: {', '.join(found)}. Stop it, or give this one "
                    "a --namespace of its own."
                )
            time.sleep(LOOK_S)
    finally:
        node.destroy_node()
        context.try_shutdown()
