"""Real devices as nodes: an arm on a virtual bus that holds by itself, and a camera that delivers a video."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import yaml
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from sensor_msgs.msg import CameraInfo

from calibration import artefacts
from calibration.intrinsics import Intrinsics
from robolearn.config import find
from robolearn.contracts import ArmCommand, CameraSpec, CommandMode, check_age
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.arm_client import RosArm
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.camera_client import RosCamera
from robolearn.nodes.camera_server import intrinsics_of
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.topics import Service
from robolearn.nodes.world import RosWorld
from tests.contract.arm import ArmContract, ArmRig
from tests.contract.camera import CameraContract, CameraRig
from tests.drivers.so101_rig import PATIENCE_S as WIRE_PATIENCE_S
from tests.drivers.so101_rig import SCALES, Bench, virtual_so101
from tests.nodes.cells import ANSWER_S, STATION
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

WIDTH, HEIGHT, FPS = 160, 120, 20.0
VIDEO_S = 30.0
NS = 1_000_000_000


def station_file(folder: Path, port: Path) -> Path:
    """The shipped station with real devices: an SO-101 at ``port``, and a video as its front camera."""
    station = yaml.safe_load(find("stations", "so101_twin").read_text(encoding="utf-8"))
    servos = {name: asdict(scale) for name, scale in SCALES.items()}
    arm = {
        "driver": "feetech", "port": str(port), "servos": servos, "on_close": "hold", "gripper_torque": 0.27,
        "patience_s": WIRE_PATIENCE_S,
    }  # fmt: skip
    station["backend"] = "drivers"
    station["cameras"] = {"front": {"width": WIDTH, "height": HEIGHT, "fps": FPS}}
    station["devices"] = {
        "arm": arm,
        "cameras": {"front": {"driver": "file", "path": str(video(folder))}},
        "teleop": {"driver": "keyboard"},
        "scene": {"driver": "free", "rearms_unseen": True},
    }
    path = folder / "cell.yaml"
    path.write_text(yaml.safe_dump(station), encoding="utf-8")
    return path


def video(folder: Path) -> Path:
    """A video of noise that is never twice the same."""
    path = folder / "front.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    rng = np.random.default_rng(0)
    for _ in range(round(VIDEO_S * FPS)):
        writer.write(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    writer.release()
    return path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("so101")) as bench:
        yield bench


class Nodes(NamedTuple):
    """The processes of the cell, and a place on their graph."""

    arm: NodeProcess
    camera: NodeProcess
    link: Link


@pytest.fixture(scope="module")
def nodes(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """The cell, started."""
    folder = tmp_path_factory.mktemp("cell")
    bench.fresh()
    cell = {"station": station_file(folder, bench.port), "task": "lift_cube"}
    with (
        own_network(),
        NodeProcess(folder / "arm.log", "arm_node", **cell) as arm,
        NodeProcess(folder / "camera.log", "camera_node", camera="front", **cell) as camera,
        closing(Link("test", patience_s=PATIENCE_S)) as link,
    ):
        yield Nodes(arm, camera, link)


@pytest.fixture(scope="module")
def link(nodes: Nodes) -> Link:
    """A place on the graph of the cell."""
    return nodes.link


@pytest.fixture(scope="module")
def cell(link: Link) -> RosWorld:
    """The world of these nodes."""
    world = RosWorld(link, (), topics.ARM)
    (arm,) = world.arms.values()
    arm.connect()
    arm.close()
    link.patience_s = ANSWER_S
    return world


class TestArmNode(ArmContract):
    """An SO-101 at its start pose, through its node."""

    cell: RosWorld
    bench: Bench

    @pytest.fixture(autouse=True)
    def _on(self, cell: RosWorld, bench: Bench) -> None:
        bench.fresh()
        self.cell = cell

    def make(self) -> ArmRig:
        """A client of the node; the arm is re-armed, as after a stop of the test before."""
        (arm,) = self.cell.arms.values()
        arm.connect()
        arm.rearm()
        arm.close()
        return ArmRig(arm, self.cell.clock, lambda: None)


class TestCameraNode(CameraContract):
    """A video, through its node."""

    link: Link

    @pytest.fixture(autouse=True)
    def _on(self, link: Link, cell: RosWorld) -> None:
        self.link = link

    def make(self) -> CameraRig:
        """A client of the node."""
        clock = RosClock(self.link, TimeKind.MONOTONIC)
        spec = CameraSpec("front", WIDTH, HEIGHT, FPS, "front_camera")
        return CameraRig(RosCamera(self.link, clock, spec), clock, NS // 1000, lambda: None)


ROLL = 4  # wrist_roll has the longest way to go
FAR_RAD, HELD_RAD = 2.6, 2.3
CHANGE_STATE = Service("arm_node/change_state", "lifecycle_msgs/srv/ChangeState", "")


@pytest.fixture
def arm(cell: RosWorld, bench: Bench) -> Iterator[RosArm]:
    """A client of the arm's node, connected and armed."""
    bench.fresh()
    arm = cell.arm
    arm.connect()
    arm.rearm()
    yield arm
    arm.close()


def asked(arm: RosArm, roll_rad: float) -> ArmCommand:
    """A fresh command to turn the wrist away from where it is."""
    goal = arm.read().joint_position_rad
    goal[ROLL] += roll_rad
    return ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, goal, None)


def at_rest(arm: RosArm) -> float:
    """Where the wrist is [rad], when it has stopped."""
    before_rad = np.inf
    while abs((here_rad := float(arm.read().joint_position_rad[ROLL])) - before_rad) > 0.005:
        before_rad = here_rad
        time.sleep(0.2)
    return here_rad


def test_the_arm_stops_short_of_its_target_when_its_stream_of_commands_ends(arm: RosArm, link: Link) -> None:
    start_rad = at_rest(arm)
    with diagnostics(link) as told:
        arm.command(asked(arm, FAR_RAD))
        assert 0.05 < at_rest(arm) - start_rad < HELD_RAD
        eventually(
            lambda: "arm/command: silent for 0.2 s" in told.get("arm_node", {}).get("last_error", ""), "the report"
        )


def test_a_transition_that_the_state_does_not_allow_is_refused_and_named(arm: RosArm, link: Link) -> None:
    with diagnostics(link) as told:
        response = link.call(CHANGE_STATE, request(Transition.TRANSITION_ACTIVATE))
        assert not response.success
        named = eventually(lambda: life_cycle_error(told), "the report")
        assert "while active" in named and "deactivate" in named
    start_rad = at_rest(arm)
    arm.command(asked(arm, 0.0))
    assert at_rest(arm) == pytest.approx(start_rad, abs=0.02)


def life_cycle_error(told: Mapping[str, Mapping[str, str]]) -> str:
    """What the arm's node has reported of its life cycle."""
    message = told.get("arm_node", {}).get("message", "")
    return message if message.startswith("life cycle") else ""


def request(transition: int) -> ChangeState.Request:
    """A request for a transition."""
    return ChangeState.Request(transition=Transition(id=transition))


def test_a_deactivated_arm_refuses_commands_unmoved_until_it_is_activated(arm: RosArm, link: Link) -> None:
    start_rad = at_rest(arm)
    far = asked(arm, FAR_RAD)
    assert link.call(CHANGE_STATE, request(Transition.TRANSITION_DEACTIVATE)).success
    with pytest.raises(DeviceError, match="inactive: activate it first"):
        arm.command(far._replace(stamp_ns=time.monotonic_ns()))
    for transition in (
        Transition.TRANSITION_CLEANUP, Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE,
    ):  # fmt: skip
        assert link.call(CHANGE_STATE, request(transition)).success
    eventually(lambda: time.monotonic_ns() - arm.read().stamp_ns < NS // 2, "readings")
    assert at_rest(arm) == pytest.approx(start_rad, abs=0.02)
    arm.command(asked(arm, 0.0))


def test_a_node_that_does_not_answer_is_named_within_two_seconds(arm: RosArm, nodes: Nodes, link: Link) -> None:
    command = asked(arm, 0.0)
    nodes.arm.process.send_signal(signal.SIGSTOP)
    link.patience_s = 2.0
    try:
        with pytest.raises(DeviceError, match="topic arm/executed: no answer within 2 s"):
            arm.command(command._replace(stamp_ns=time.monotonic_ns()))
        with pytest.raises(BorderError, match="arm: age"):
            check_age("arm", arm.read().stamp_ns, time.monotonic_ns(), NS)
    finally:
        link.patience_s = ANSWER_S
        nodes.arm.process.send_signal(signal.SIGCONT)
    eventually(lambda: time.monotonic_ns() - arm.read().stamp_ns < NS // 2, "readings")


def test_an_uncalibrated_camera_says_so_in_its_camera_info(link: Link, cell: RosWorld) -> None:
    heard: list[CameraInfo] = []
    with link.listening(topics.CAMERA_INFO.of("front"), heard.append):
        info = eventually(lambda: heard and heard[-1], "camera info")
    assert (info.width, info.height, info.header.frame_id) == (WIDTH, HEIGHT, "front_camera")
    assert not any(info.k) and info.distortion_model == ""


def test_what_the_servos_tell_of_themselves_is_in_the_report(arm: RosArm, link: Link) -> None:
    with diagnostics(link) as told:
        name = "servos.wrist_roll.temperature_c"
        report = eventually(lambda: name in told.get("arm_node", {}) and told["arm_node"], "the report")
    assert 0.0 < float(report[name]) < 100.0 and float(report["servos.gripper.voltage_v"]) > 0.0


def test_a_camera_tells_the_intrinsics_of_its_newest_calibration(cell: RosWorld, link: Link, tmp_path: Path) -> None:
    known = Intrinsics(WIDTH, HEIGHT, 150.0, 151.0, 80.0, 60.0, (0.1, -0.05, 0.0, 0.0, 0.0))
    station = replace(STATION, calibration=str(tmp_path))
    spec = CameraSpec("front", WIDTH, HEIGHT, FPS, "front_camera")
    camera = RosCamera(link, cell.clock, spec)
    assert intrinsics_of(camera, station) is None
    artefacts.save(tmp_path, "front", station.name, known, (0.2, "px"), {})
    assert intrinsics_of(camera, station) == known
    with pytest.raises(ConfigError, match="calibrated at 160x120, the station's file says 80x60"):
        intrinsics_of(RosCamera(link, cell.clock, replace(spec, width=80, height=60)), station)
