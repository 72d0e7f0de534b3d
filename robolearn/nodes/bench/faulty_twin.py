"""A twin that can be hurt and that tells the truth: its cameras break when told to, its motion is logged in full.

``python -m robolearn.nodes.bench.faulty_twin`` runs the twin's own node on it; nothing of the node is another. Where to
log, and where cameras look for what is wrong with them, is said in environment variables.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

from robolearn import backends
from robolearn.contracts import ArmCommand, CameraSpec, Executed, Frame, World
from robolearn.nodes.base import run
from robolearn.nodes.twin_node import TWIN, TwinNode
from robolearn.station import NS, StationConfig
from robolearn.task import TaskConfig
from sim.arm import TwinArm
from sim.backend import onlooker, person
from sim.camera import TwinCamera
from sim.config import TwinTask
from sim.world import TwinWorld

__all__ = ["onlooker", "person", "world"]

TRUTH, BROKEN = "ROBOLEARN_FAULTS_TRUTH", "ROBOLEARN_FAULTS_CAMERAS"
DELAY_NS = NS // 2


class CountingArm(TwinArm):
    """Counts the commands that have reached it."""

    commands = 0

    def command(self, command: ArmCommand) -> Executed:
        """As the twin's arm."""
        executed = super().command(command)
        self.commands += 1
        return executed


class BreakableCamera(TwinCamera):
    """A file says what is wrong with it now."""

    _kept: tuple[Frame, ...] = ()

    def read(self) -> Frame:
        """A frame, or what is left of it."""
        frame, fault = super().read(), _read(Path(os.environ[BROKEN])).get(self.spec.name, "")
        if fault == "black":
            return Frame(frame.stamp_ns, np.zeros_like(frame.rgb))
        if fault == "wrong size":
            return Frame(frame.stamp_ns, frame.rgb[::2, ::2].copy())
        if fault == "frozen":
            self._kept = self._kept[:1] or (frame,)
            return Frame(frame.stamp_ns, self._kept[0].rgb)
        if fault == "delayed":
            self._kept = (*(one for one in self._kept if one.stamp_ns < frame.stamp_ns), frame)
            late = [one for one in self._kept if one.stamp_ns <= frame.stamp_ns - DELAY_NS]
            return late[-1] if late else self._kept[0]
        self._kept = ()
        return frame


class LoggedWorld(TwinWorld):
    """Writes a row of float64 after each step of physics: time, commands so far, joints, tool."""

    def __init__(self, cameras: tuple[CameraSpec, ...], control_hz: float, task: TwinTask) -> None:
        super().__init__(cameras, control_hz, task)
        self.arm: CountingArm = CountingArm(self.scene, control_hz)
        self.arms = {self.arm.spec.name: self.arm}
        self.cameras = {
            spec.name: BreakableCamera(spec, int(self.scene.model.camera(spec.name).id), self._renderer, self._noise)
            for spec in cameras
        }
        self._steps_each_period, self._steps = self._steps, 1
        self._log = (Path(os.environ[TRUTH]) / f"{os.getpid()}.f64").open("ab")

    def _step_physics(self, now_ns: int) -> None:
        scene, rows = self.scene, []
        for number in range(1, self._steps_each_period + 1):
            super()._step_physics(now_ns)
            now_s = now_ns / NS + number * scene.model.opt.timestep
            joints, tool = scene.data.qpos[scene.joint_qpos], scene.data.site_xpos[scene.tool_site]
            rows.append(np.concatenate([(now_s, self.arm.commands), joints, tool]))
        self._log.write(np.array(rows).tobytes())
        self._log.flush()


def _read(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def world(station: StationConfig, task: TaskConfig) -> World:
    """The twin of the station, logged and breakable."""
    return LoggedWorld(station.camera_specs(), station.control_hz, task.twin.read(TwinTask))


def main() -> int:
    """Run the node. Returns an exit status."""
    backends.BACKENDS[TWIN] = __name__ if __name__ != "__main__" else "robolearn.nodes.bench.faulty_twin"
    return run(TwinNode)


if __name__ == "__main__":
    sys.exit(main())
