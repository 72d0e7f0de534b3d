"""``robolearn up cell | twin | practice | record``: the nodes of a cell as plain processes, watched."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robolearn.cli.emulating import stop_signal
from robolearn.errors import ConfigError, unknown
from robolearn.nodes.up import rules
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.clash import refuse_clash
from robolearn.nodes.up.setups import SETUPS, Start, Wanted, starts
from robolearn.nodes.up.view import View, view_of

LOOK_S, SHOW_S = 0.05, 0.5
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to start, where, and with which parameters."""
    parser.add_argument("setup", metavar="|".join(SETUPS), help="what to start")
    parser.add_argument("--station", required=True, help="name or file of the station")
    parser.add_argument("--task", help="name or file of the task")
    parser.add_argument("--run", help="folder of the run, for practice")
    parser.add_argument("--namespace", default="", help="keeps this cell apart from others on the network")
    parser.add_argument(
        "--with", dest="others", action="append", default=[], metavar="NODE", help="start this node, too"
    )
    parser.add_argument("--params-file", action="append", type=Path, default=[], metavar="FILE", help="as ROS has them")
    parser.add_argument("-p", action="append", default=[], metavar="[NODE:]NAME:=VALUE", help="one parameter")
    parser.add_argument("--log-level", default="info", help=", ".join(LOG_LEVELS))
    parser.add_argument("--logs", type=Path, help="folder for a log of each node (logs/TIME)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Keep the cell up until Ctrl-C, SIGTERM or the end of its work, and return what happened to its nodes."""
    wanted = wanted_of(args)
    if args.log_level not in LOG_LEVELS:
        raise ConfigError(unknown("log level", args.log_level, LOG_LEVELS))
    started_s, planned = time.monotonic(), starts(wanted)
    with stop_signal() as stop:
        refuse_clash([start.name for start in planned], planned[0].namespace)
        logs = args.logs or Path("logs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        children = _children(planned, logs, args.log_level)
        keep_up(children, view_of(children), stop)
    return {
        "setup": wanted.setup,
        "namespace": planned[0].namespace,
        "logs": logs,
        "seconds": time.monotonic() - started_s,
        "nodes": {child.name: {"restarts": child.restarts, "status": child.status} for child in children},
    }


def wanted_of(args: argparse.Namespace) -> Wanted:
    """What the arguments ask for; what is said later and nearer prevails: files, then arguments, then ``-p``."""
    named = {name: getattr(args, name) for name in ("task", "run") if getattr(args, name) is not None}
    given = [rule for path in args.params_file for rule in rules.from_file(path)]
    given += [rules.argument(name, value) for name, value in named.items()]
    given += [rules.assignment(text) for text in args.p]
    return Wanted(args.setup, args.station, args.namespace, tuple(given), tuple(args.others))


def _children(planned: Sequence[Start], folder: Path, log_level: str) -> list[Child]:
    try:
        return [Child(start, folder, log_level) for start in planned]
    except OSError as error:
        raise ConfigError(f"cannot write logs into {folder}: {error}. Give another folder with --logs.") from error


def keep_up(children: Sequence[Child], view: View, stop: threading.Event) -> None:
    """Start every node, keep them up until told to stop or one is done, and end them all.

    Raises ConfigError, with all of them ended, if one was started badly."""
    try:
        for child in children:
            child.start()
        _watch(children, view, stop)
    finally:
        end_all(children)
        view.close()


def _watch(children: Sequence[Child], view: View, stop: threading.Event) -> None:
    shown_s = 0.0
    while not stop.wait(LOOK_S) and not any(child.done for child in children):
        for event in filter(None, [child.look() for child in children]):
            view.tell(event)
        if time.monotonic() - shown_s > SHOW_S:
            shown_s = time.monotonic()
            view.show()
