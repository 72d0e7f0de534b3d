"""``robolearn teleop``: a person drives a station, and nothing is recorded."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drivers.ask_scene import AskScene
from drivers.backend import RealWorld
from robolearn.actions import GRIPPER
from robolearn.asking import ask
from robolearn.autonomy.cell import gripper_value, is_lock_step, still
from robolearn.autonomy.handover import HandOver
from robolearn.backends import load_station, load_task, open_station
from robolearn.cli.driving import Driving, LiveSession, add_driving_arguments, live
from robolearn.cli.job import add_backend_argument
from robolearn.cli.numbers import seed
from robolearn.contracts import Action, Ending, Teleop, TeleopEvent
from robolearn.errors import ConfigError
from robolearn.station import NS, Station


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cell, who drives, how long."""
    parser.add_argument("--station", default="so101_twin", help="name or file of the station (so101_twin)")
    parser.add_argument("--task", default="cube_in_bin", help="name or file of the task (cube_in_bin)")
    add_backend_argument(parser)
    parser.add_argument("--seconds", type=float, help="end by itself after so long, on the station's clock")
    parser.add_argument("--seed", type=seed, default=0, help="of the scene's first draws, where the world has any")
    add_driving_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Drive until the person aborts, and return what was done."""
    if args.seconds is not None and not args.seconds > 0:
        raise ConfigError(f"--seconds must be above 0, got {args.seconds}")
    about, task, driving = load_station(args.station, args.backend), load_task(args.task), Driving.of(args)
    station = open_station(about, task)
    if isinstance(station.world, RealWorld) and isinstance(station.world.scene, AskScene):
        station.world = replace(station.world, scene=_NoEpisodes())
    try:
        with live(driving, station, task, wanted=None, home=None) as (teleop, session):
            drive = _Drive(station, teleop, session, args.seconds)
            while not drive.over and session.prepare(drive.starts):
                drive.until_event(args.seed + drive.starts)
    finally:
        station.close()
    return {"starts": drive.starts, "ticks": drive.ticks, "driven": drive.driven, "clipped": drive.clipped}


class _NoEpisodes:
    """Implements ``Scene``: nothing has to lie at its start; a person says whether a stopped arm may move again."""

    def reset(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """Raises DeviceError if the arm has stopped, and nobody is at the terminal."""
        if stopped is not None:
            ask(
                f"The arm has stopped ({stopped}): make it safe, it will be re-armed. Then press Enter: ",
                sys.stdin, sys.stderr, "nobody at the terminal can make the arm safe: run the command in a terminal",
            )  # fmt: skip
        return {}

    def succeeded(self) -> None:
        """There is no task."""

    def close(self) -> None:
        """Nothing is held."""


class _Drive:
    """From start pose to start pose."""

    def __init__(self, station: Station, teleop: Teleop, session: LiveSession, seconds: float | None) -> None:
        self._station, self._teleop, self._session = station, teleop, session
        self._until_ns = None if seconds is None else station.clock.now_ns() + round(seconds * NS)
        self._period_s = 1.0 / station.config.policy_hz if is_lock_step(station.clock) else 0.0
        self.starts = self.ticks = self.driven = self.clipped = 0
        self.over = False

    def until_event(self, seed: int) -> None:
        """Drive until the person ends it, with any key that would end an episode. Raises DeviceError, BorderError."""
        station = self._station
        station.reset(seed)
        self._teleop.begin(seed)
        self.starts += 1
        hands = HandOver(self._teleop, station.config.policy_hz)
        observation = first = station.observe()
        gripper = gripper_value(station.config.action, observation)
        while not self._is_time_up():
            started_s = time.monotonic()
            turn = hands.turn(still(gripper))
            self._session.show(observation, turn.engaged)
            if turn.event is not TeleopEvent.NONE:
                self.over = turn.event is TeleopEvent.ABORT
                break
            result = station.act(Action(turn.action))
            gripper = float(turn.action[GRIPPER])
            self._count(turn.engaged, bool(result.clips))
            time.sleep(max(0.0, started_s + self._period_s - time.monotonic()))
            observation = station.observe()
        passed_ns = observation.stamp_ns - first.stamp_ns
        rate_hz = (observation.tick - first.tick) * NS / passed_ns if passed_ns > 0 else None
        self._session.ended(Ending.STOPPED, rate_hz)

    def _is_time_up(self) -> bool:
        self.over = self.over or (self._until_ns is not None and self._station.clock.now_ns() >= self._until_ns)
        return self.over

    def _count(self, engaged: bool, clipped: bool) -> None:
        self.ticks += 1
        self.driven += engaged
        self.clipped += clipped
