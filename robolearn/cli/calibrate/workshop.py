"""A station opened for calibration: its board, its folder of calibrations, its arm, and a person who is asked first."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration import artefacts
from calibration.board import Board, load_board
from calibration.hand_eye import Look
from calibration.intrinsics import Intrinsics
from robolearn import config
from robolearn.backends import load_station, open_station
from robolearn.cli.calibrate.moving import Mover
from robolearn.cli.job import say
from robolearn.contracts import ArmSpec, Float
from robolearn.descriptions import description
from robolearn.errors import ConfigError, DeviceError, unknown
from robolearn.kinematics import Kinematics
from robolearn.station import Station
from robolearn.task import TaskConfig

BOARD, REACH_DEG = "charuco_small", 28.0
WORKSPACE_MARGIN_M = 0.005
TRIES = 5000
REACHED_RAD = 0.03
LAST_JOINT_REACH = 2.0  # the last joint turns the tool on the spot, and may turn further


@dataclass(frozen=True)
class Workshop:
    """One station at work."""

    station: Station
    board: Board
    folder: Path
    mover: Mover
    kinematics: Kinematics

    @property
    def arm(self) -> ArmSpec:
        """Spec of the arm, narrowed to the station's limits."""
        return self.station.arm.spec

    def lens(self, camera: str) -> Intrinsics:
        """Newest intrinsics of a camera. Raises ConfigError if there are none, or for another resolution."""
        found = artefacts.newest(self.folder, camera, Intrinsics).result
        size = self.station.config.cameras[camera]
        if (found.width, found.height) != (size.width, size.height):
            raise ConfigError(
                f"camera {camera}: its intrinsics are for {found.width}x{found.height}, the station's file says "
                f"{size.width}x{size.height}: run robolearn calibrate intrinsics again"
            )
        return found

    def look(self, camera: str, target_rad: Float) -> Look | None:
        """Go to a pose and look; None if the pose was not reached or the board not seen."""
        reading = self.mover.go(target_rad)
        if np.abs(reading - target_rad).max() > REACHED_RAD:
            return None
        sighting = self.board.find(self.mover.look(camera, target_rad).rgb)
        return None if sighting is None else Look(reading, sighting)

    def poses(self, count: int, reach_deg: float, seed: int = 0) -> list[Float]:
        """Joint targets about where the arm is, with the tool inside the workspace. Raises ConfigError."""
        rng = np.random.default_rng(seed)
        home = self.station.arm.read().joint_position_rad
        reach = np.full(len(home), math.radians(reach_deg))
        reach[-1] *= LAST_JOINT_REACH
        drawn = (home + rng.uniform(-1.0, 1.0, len(home)) * reach for _ in range(TRIES))
        found = [target for target in drawn if self._allowed(target)][:count]
        if len(found) < count:
            raise ConfigError(
                f"only {len(found)} of {count} poses about the present one lie within the limits: move the arm to the "
                f"middle of its workspace first, or give a smaller --reach-deg than {reach_deg:g}"
            )
        return found

    def save(self, device: str, result: Any, residual: tuple[float, str], conditions: Mapping[str, object]) -> Path:
        """Write one artefact."""
        told = {name: str(value) for name, value in {"board": self.board.name, **conditions}.items()}
        return artefacts.save(self.folder, device, self.station.config.name, result, residual, told)

    def _allowed(self, target_rad: Float) -> bool:
        if not ((self.arm.joint_lower_rad <= target_rad) & (target_rad <= self.arm.joint_upper_rad)).all():
            return False
        box = self.station.config.limits.workspace
        return box.depth(self.kinematics.tool_position_base_m(target_rad).tolist()) > WORKSPACE_MARGIN_M


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which station, and which board."""
    parser.add_argument("--station", required=True, help="name or file of the station")
    parser.add_argument("--board", default=BOARD, help=f"name or file of the ChArUco board ({BOARD})")
    parser.add_argument("--yes", action="store_true", help="do not wait for Enter before the arm moves")


def add_motion_arguments(parser: argparse.ArgumentParser, poses: int) -> None:
    """How many poses, how far apart."""
    parser.add_argument("--poses", type=int, default=poses, help=f"poses to look from ({poses})")
    parser.add_argument(
        "--reach-deg", type=float, default=REACH_DEG, help=f"how far each joint goes to either side ({REACH_DEG:g})"
    )


def camera_of(args: argparse.Namespace, workshop: Workshop) -> str:
    """The camera that is meant. Raises ConfigError for one that the station has not."""
    name: str = args.camera
    if name not in workshop.station.config.cameras:
        raise ConfigError(unknown("camera", name, workshop.station.config.cameras))
    return name


@contextmanager
def workshop(args: argparse.Namespace, held: str) -> Iterator[Workshop]:
    """Open the station with the board ``held`` as ``configs/calibration`` says. Raises ConfigError and DeviceError."""
    settings, board = load_station(args.station), load_board(args.board)
    folder = artefacts.folder_of(settings.name, settings.calibration)
    task = config.load(config.find("calibration", held), TaskConfig)
    station = open_station(settings, task)
    try:
        station.reset(seed=0)
        kinematics = Kinematics(description(settings.description), settings.joint_names)
        yield Workshop(station, board, folder, Mover(station), kinematics)
    finally:
        station.close()


def ask_before_motion(args: argparse.Namespace, workshop: Workshop, what: str) -> None:
    """Wait for Enter before anything moves; the twin hurts nobody. Raises DeviceError if nobody can answer."""
    if args.yes or workshop.station.config.backend == "twin":
        return
    say(f"the arm is going to {what}, slowly and within its limits. Keep clear. Enter starts it, Ctrl-C stops it:")
    if not sys.stdin.readline():
        raise DeviceError("nobody at the terminal can agree to the motion: run in a terminal, or give --yes")
