"""Whose arm is hurt: that of the twin, or one on a virtual servo bus. Each says what runs, and what really happened."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import yaml

from robolearn import atomic
from robolearn.backends import load_station
from robolearn.bench.emulated import EmulatedDevice
from robolearn.config import find
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.nodes.bench import truth
from robolearn.nodes.bench.faulty_twin import BROKEN, TRUTH
from robolearn.nodes.bench.truth import Truth
from robolearn.nodes.table import NodeEntry, entry
from robolearn.nodes.up.rules import Rule, argument, assignment
from robolearn.nodes.up.setups import Start
from robolearn.station import StationConfig

TASK = "cube_in_bin"
CAMERA_FPS = 10
KEYS = (b"w", b"s", b"a", b"d")
KEY_S, PRESSED_S, PAUSE_S = 0.05, 0.6, 2.0


class Body(ABC):
    """A context manager: what is outside the graph is there inside."""

    device: str  # the node of the arm
    station: StationConfig
    station_file: str  # its name or path
    others: tuple[str, ...] = ()  # nodes besides those that practise
    without: tuple[str, ...] = ()  # nodes of those that practise that are left out
    rules: tuple[Rule, ...] = ()
    environment: Mapping[str, str] = MappingProxyType({})  # of every process of the cell

    @abstractmethod
    def __enter__(self) -> Self:
        """Start it."""

    @abstractmethod
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""

    @abstractmethod
    def moment(self, device_pid: int | None, twin_s: float) -> tuple[str, float]:
        """Which log is written now, and the time [s] that it keeps."""

    @abstractmethod
    def truths(self) -> dict[str, Truth]:
        """All logs by name."""

    def prepared(self, start: Start) -> Start:
        """A process as it is to be started."""
        return start

    def stdin(self, node: str) -> int:
        """What a process reads from."""
        return subprocess.DEVNULL


class _FaultyTwin(NodeEntry):
    """The twin's node, on a twin that can be hurt."""

    @property
    def module(self) -> str:
        return "robolearn.nodes.bench.faulty_twin"


class TwinBody(Body):
    """One node is arm, cameras and person."""

    device, station_file = "twin_node", "so101_twin"
    others = ("recorder_node",)

    def __init__(self, folder: Path, without: tuple[str, ...] = ()) -> None:
        self.without = without
        self.rules = (assignment("twin_node:person:=demonstrator"), argument("folder", str(folder / "recordings")))
        self.station = load_station(self.station_file)
        self._logs, self._broken = folder / "truth", folder / "cameras.json"
        self.environment = {TRUTH: str(self._logs), BROKEN: str(self._broken)}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def break_camera(self, name: str, fault: str) -> None:
        """Hurt a camera; an empty fault heals it."""
        atomic.write_json(self._broken, {name: fault} if fault else {})

    def prepared(self, start: Start) -> Start:
        """The twin's node is one that can be hurt."""
        if start.entry.name != self.device:
            return start
        return Start(_FaultyTwin(**vars(entry(self.device))), start.name, start.namespace, start.parameters)

    def moment(self, device_pid: int | None, twin_s: float) -> tuple[str, float]:
        """Each process of the twin writes a log of its own, in its own time."""
        return f"{device_pid}.f64", twin_s

    def truths(self) -> dict[str, Truth]:
        """One for each process of the twin."""
        return {path.name: truth.of_twin(path, self.station) for path in sorted(self._logs.glob("*.f64"))}


class ServoBody(Body):
    """The nodes of real devices, on virtual hardware; a person types."""

    device = "arm_node"
    others, without = ("reward_node", "teleop_node"), ("learner_node",)

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log, port = folder / "arm.f64", folder / "port"
        camera_port = _free_port()
        station = _station(port, camera_port)
        path = folder / "station.yaml"
        path.write_text(yaml.safe_dump(station), encoding="utf-8")
        self.station_file, self.station = str(path), load_station(str(path))
        self._emulated = EmulatedDevice(
            "so101", "--port", str(port), "--station", str(path), "--camera-port", str(camera_port), "--task", TASK,
            "--truth", str(self._log), "--held",
        )  # fmt: skip
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self._emulated)
            self._typist = undo.enter_context(Typist())
            self._stack = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def do(self, deed: str, **arguments: Any) -> Any:
        """Ask the virtual hardware."""
        return self._emulated.do(deed, **arguments)

    def stdin(self, node: str) -> int:
        """The person's device reads the keys."""
        return self._typist.terminal if node == "teleop_node" else subprocess.DEVNULL

    def moment(self, device_pid: int | None, twin_s: float) -> tuple[str, float]:
        """The hardware outlives its driver: there is one log, in monotonic time."""
        return self._log.name, time.monotonic()

    def truths(self) -> dict[str, Truth]:
        """That of the virtual arm."""
        kinematics = Kinematics(description(self.station.description), self.station.joint_names)
        return {self._log.name: truth.of_servos(self._log, self.station, kinematics)}


class Typist:
    """A person at a keyboard, who now and then holds a key of a direction. A context manager."""

    def __enter__(self) -> Self:
        self._keys, self.terminal = pty.openpty()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._type, name="typist", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join()
        os.close(self._keys)
        os.close(self.terminal)

    def _type(self) -> None:
        for turn in range(1_000_000):
            for _ in range(round(PRESSED_S / KEY_S)):
                os.write(self._keys, KEYS[turn % len(KEYS)])
                if self._closing.wait(KEY_S):
                    return
            if self._closing.wait(PAUSE_S):
                return


def _station(port: Path, camera_port: int) -> dict[str, Any]:
    """The shipped virtual station, at a port and an address of its own."""
    station: dict[str, Any] = yaml.safe_load(find("stations", "so101_virtual").read_text(encoding="utf-8"))
    station["name"] = TwinBody.station_file  # as the run's, which is recorded in the twin
    devices = station["devices"]
    devices["arm"]["port"] = str(port)
    for name, camera in station["cameras"].items():
        camera["fps"] = CAMERA_FPS
        devices["cameras"][name]["url"] = f"http://127.0.0.1:{camera_port}/{name}.mjpeg"
    devices["scene"] = {"driver": "free", "rearms_unseen": True}
    return station


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
