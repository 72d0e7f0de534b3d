"""What ``teleop``, ``record`` and ``practice`` share: who drives, the page to look at, what is checked."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from drivers import table
from drivers.backend import cell_of
from drivers.keyboard import HELP, Keyboard
from drivers.together import Together
from robolearn import config
from robolearn.autonomy.cell import is_lock_step
from robolearn.autonomy.homing import return_to, start_pose
from robolearn.backends import backend_of
from robolearn.cli.job import say
from robolearn.cli.numbers import port
from robolearn.cli.preview import Preview
from robolearn.config import Section
from robolearn.contracts import Ending, Float, Observation, Teleop, TeleopEvent
from robolearn.errors import ConfigError, StoreError, unknown
from robolearn.station import Station
from robolearn.task import TaskConfig

STATION = "station"  # the device in the station's file; in the twin, the scripted person
OPEN_GRIPPER = 0.9
GB = 1_000_000_000
LEAST_FREE_B = 2 * GB
LEAST_RATE = 0.9  # of the policy's rate: below, what is recorded is not what the policy will live in


class Driving(NamedTuple):
    """How a person drives."""

    teleop: str
    preview_port: int | None  # None: no page

    @staticmethod
    def of(args: argparse.Namespace) -> Driving:
        """What the arguments say. Raises ConfigError if nobody drives by that name."""
        check_person(args.teleop)
        return Driving(args.teleop, None if args.no_preview else args.preview_port)


def add_driving_arguments(parser: argparse.ArgumentParser) -> None:
    """Who drives, and where the cameras can be seen."""
    parser.add_argument("--teleop", default=STATION, help=f"who drives: {', '.join(teleops())}, or a file ({STATION})")
    parser.add_argument("--preview-port", type=port, default=0, help="of the page with the cameras; 0 takes any (0)")
    parser.add_argument("--no-preview", action="store_true", help="no page with the cameras")


def teleops() -> list[str]:
    """Who may drive."""
    return [STATION, *config.names("teleops")]


def check_person(name: str, others: Sequence[str] = ()) -> None:
    """Raise ConfigError unless ``name`` may drive, or is among ``others``. Opens no device."""
    if name not in (STATION, *others):
        _section(name, others)


def _section(name: str, others: Sequence[str] = ()) -> Section:
    """How a device is described that is not the station's own. Raises ConfigError."""
    if name in config.names("teleops") or name.endswith((".yaml", ".yml")):
        return config.load(config.find("teleops", name), Section)
    raise ConfigError(unknown("teleoperation device", name, [*others, *teleops()]))


def person(name: str, station: Station, task: TaskConfig) -> Teleop:
    """Who drives: the station's own device, or one of ``configs/teleops``. Raises ConfigError.

    At a terminal its keys label episodes, whatever the device."""
    world, about = station.world, station.config
    if name == STATION:
        device = backend_of(about).person(world, about)
    else:
        cell = cell_of(about, task, station.clock)
        device = table.make("teleop", table.TELEOPS, _section(name), cell, station.arm)
    if isinstance(device, Keyboard):
        say(HELP)
    elif sys.stdin.isatty():
        say(HELP)
        return Together([device, Keyboard(station.clock, OPEN_GRIPPER)])
    return device


class LiveSession:
    """Implements ``Session``: a page with the cameras, the way back to the start pose, and words for the person."""

    def __init__(self, station: Station, teleop: Teleop, preview: Preview | None, wanted: int | None) -> None:
        self._station, self._teleop, self._preview, self._wanted = station, teleop, preview, wanted
        self._number = 0
        self._start_ns = 0
        self.home_rad: Float | None = None  # None where the world itself brings the arm to its start
        self.store: Path | None = None

    def prepare(self, number: int) -> bool:
        """Look at the disk, and bring the arm back. False if the person stops it."""
        self._number, self._start_ns = number, 0
        self._check_disk()
        if self.home_rad is None or self._station.arm.fault is not None:
            return True
        self._teleop.begin(0)
        return return_to(self._station, self.home_rad, self._is_aborted)

    def show(self, observation: Observation, engaged: bool) -> None:
        """The newest tick, on the page."""
        self._start_ns = self._start_ns or observation.stamp_ns
        if self._preview is None:
            return
        seconds = (observation.stamp_ns - self._start_ns) * 1e-9
        of = "" if self._wanted is None else f" of {self._wanted}"
        hands = "you drive" if engaged else "hands off: the arm stands still"
        self._preview.show(observation, f"episode {self._number + 1}{of} · {seconds:.1f} s · {hands}")

    def ended(self, ending: Ending, rate_hz: float | None) -> None:
        """Say so, and that the rate was too low if it was."""
        wanted_hz = self._station.config.policy_hz
        if self._wanted is not None:
            say(f"episode {self._number + 1}: {ending.value}")
        if rate_hz is not None and rate_hz < LEAST_RATE * wanted_hz:
            say(f"only {rate_hz:.1f} ticks a second, not {wanted_hz:g}: this machine is too slow for what it is asked")

    def _is_aborted(self) -> bool:
        return self._teleop.read().event is TeleopEvent.ABORT

    def _check_disk(self) -> None:
        if self.store is None:
            return
        free = shutil.disk_usage(self.store).free
        if free < LEAST_FREE_B:
            raise StoreError(
                f"only {free / GB:.1f} GB are free beside {self.store}; recording stops before it is cut short. All so "
                "far is kept: make room and run the same command again, it goes on."
            )


@contextmanager
def live(
    driving: Driving, station: Station, task: TaskConfig, wanted: int | None, home: Path | None
) -> Iterator[tuple[Teleop, LiveSession]]:
    """A connected device and the session around it; ``home`` is the file that keeps the start pose between sessions."""
    teleop = person(driving.teleop, station, task)
    about = station.config
    title = f"{about.name}: {task.instruction}"
    with ExitStack() as stack:
        port = driving.preview_port
        page = None if port is None else Preview(title, tuple(about.cameras), about.policy_hz, port)
        preview = None if page is None else stack.enter_context(page)
        teleop.connect()
        stack.callback(teleop.close)
        session = LiveSession(station, teleop, preview, wanted)
        if not is_lock_step(station.clock):
            session.home_rad = start_pose(station, home).joint_position_rad
        if preview is not None:
            say(f"the cameras: {preview.url}")
        yield teleop, session
