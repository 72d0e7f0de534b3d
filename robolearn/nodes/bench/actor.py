"""Our side: ``python -m robolearn.nodes.bench.actor``, a client of the cell that acts on every so many frames."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from robolearn.backends import load_station
from robolearn.contracts import ArmCommand, CommandMode, Frame
from robolearn.descriptions import description
from robolearn.errors import BorderError, DeviceError
from robolearn.kinematics import Kinematics
from robolearn.nodes import topics
from robolearn.nodes.bench.inference import Inference
from robolearn.nodes.bench.rig import CAMERAS, FPS, HEIGHT, WIDTH
from robolearn.nodes.camera_client import RosCamera
from robolearn.nodes.link import Link
from robolearn.nodes.table import entry
from robolearn.nodes.world import RosWorld
from robolearn.processes import schedule
from robolearn.station import Station

PATIENCE_S = 60.0
RETRY_S = 0.5
FRESH_NS = round(0.5e9 / FPS)  # it pays to wait for the next frame rather than to act on an older one


def main() -> None:
    """Act, and write when which frame led to which command, and how long inference took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("station")
    parser.add_argument("namespace")
    parser.add_argument("--hz", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    real_time = schedule(entry("actor_node").urgency)
    config = load_station(arguments.station)
    with closing(Link("bench_actor", arguments.namespace, PATIENCE_S)) as link:
        world = RosWorld(link, config.camera_specs(), topics.SAFETY.of("actor"))
        with closing(
            Station(config, world, Kinematics(description(config.description), config.joint_names))
        ) as station:
            station.connect()
            figures = Actor(link, world.cameras[CAMERAS[0]], station).run(FPS // arguments.hz, arguments.seconds)
    sys.stdout.write(json.dumps({**figures, "real_time": real_time}) + "\n")


class Actor:
    """Sees, thinks and holds the arm where it is."""

    def __init__(self, link: Link, camera: RosCamera, station: Station) -> None:
        self._link, self._camera, self._station = link, camera, station
        self._inference = Inference(CAMERAS, station.proprio_dim)

    def run(self, every: int, seconds: float) -> dict[str, Any]:
        """Act on one in ``every`` frames for ``seconds`` [s]; what is too old, or refused, is a miss."""
        self._inference.warm_up(HEIGHT, WIDTH, self._station.proprio_dim)
        self._rearm()
        pairs: list[tuple[int, int]] = []  # stamps of the command and of its frame [ns]
        gap_ns = round((every - 0.5) * 1e9 / FPS)
        end_s, last_ns, missed = time.monotonic() + seconds, 0, 0
        while time.monotonic() < end_s:
            last_ns = self._wait_for_frame(last_ns + gap_ns)
            try:
                pairs.append(self._act())
            except (BorderError, DeviceError):
                missed += 1
                self._rearm()
        return {"pairs": pairs, "missed": missed, "inference_ms": self._inference.took_ms}

    def _rearm(self) -> None:
        """A gate that has just been started may still be looking for its arm. Raises DeviceError if it stays so."""
        end_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._station.arm.rearm()
                return
            except (BorderError, DeviceError):
                if time.monotonic() > end_s:
                    raise
                time.sleep(RETRY_S)

    def _wait_for_frame(self, after_ns: int) -> int:
        """Returns the stamp of a fresh frame [ns], as soon as one is later than ``after_ns``."""
        camera, clock = self._camera, self._station.clock

        def fresh() -> int | None:
            newest_ns = camera.newest_ns
            return newest_ns if newest_ns > max(after_ns, clock.now_ns() - FRESH_NS) else None

        return self._link.wait(fresh, "a fresh frame")

    def _act(self) -> tuple[int, int]:
        """Returns the stamps of the command and of the frame that it comes from [ns]."""
        observation = self._station.observe()
        frames: Mapping[str, Frame] = observation.frames
        self._inference(frames, self._station.proprio(observation.arm))
        now_ns = self._station.clock.now_ns()
        target = observation.arm.joint_position_rad
        self._station.arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, target, None))
        return now_ns, frames[CAMERAS[0]].stamp_ns


if __name__ == "__main__":
    main()
