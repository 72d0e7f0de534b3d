"""``robolearn tell start | pause | ...``: a person's word to a running cell, where there is no ``ros2 service``."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any

from std_srvs.srv import Trigger

from robolearn.errors import ConfigError, DeviceError, unknown
from robolearn.nodes import topics
from robolearn.nodes.link import Link

PATIENCE_S = 5.0  # who has just joined the graph may not know of all on it yet
DEEDS = {service.name.rpartition("/")[2]: service for service in topics.SUPERVISOR}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to tell which cell."""
    parser.add_argument("deed", metavar="|".join(DEEDS), help="what the cell is to do")
    parser.add_argument("--namespace", default="", help="of the cell")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Tell it, and return what it said. Raises DeviceError if it does not answer, or refuses."""
    if args.deed not in DEEDS:
        raise ConfigError(unknown("deed", args.deed, DEEDS))
    with closing(Link("tell", args.namespace, PATIENCE_S)) as link:
        response = link.call(DEEDS[args.deed], Trigger.Request())
    if not response.success:
        raise DeviceError(f"{args.deed}: {response.message}")
    return {"deed": args.deed, "answer": response.message or "done"}
