"""A small cell for the tests of this room: the real station on a simulated arm that has to reach to one side.

The camera shows where the tool is as one bright column, so that policies and rewards see what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robolearn import config
from robolearn.actions import ACTION_NAMES
from robolearn.autonomy.actor import Actor
from robolearn.autonomy.cell import Cell
from robolearn.autonomy.confirm import Confirmed
from robolearn.contracts import (
    CameraSpec,
    Decision,
    Encoded,
    Float,
    Float32,
    Frame,
    TeleopEvent,
    TeleopReading,
    Verdict,
)
from robolearn.descriptions import description
from robolearn.episodes import EpisodeStore, FeatureSchema, StoreSchema
from robolearn.errors import DeviceError
from robolearn.kinematics import Kinematics
from robolearn.learning.config import LearningConfig, PracticeSettings, load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.shapes import residual_shape
from robolearn.learning.weights import WeightsFolder
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape
from robolearn.policies.residual import ResidualNetwork, ResidualPolicy
from robolearn.station import Station, StationConfig
from robolearn.task import TaskConfig
from tests.contract.fake_arm import FakeArm, SteppedClock
from tests.house.tree import ROOT

WIDTH, HEIGHT = 16, 4
GOAL_Y_M = 0.05
RANGE_Y_M = (-0.15, 0.15)
START_RAD = (0.0, -0.38, 0.28, 1.50, 0.0)
JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
TOWER = "columns"


class ToolKinematics:
    """Where the tool of the described arm is, in the form that the fake arm asks for."""

    def __init__(self) -> None:
        self.solver = Kinematics(description("so101"), JOINTS)

    def tool_position_base_m(self, joint_position_rad: Float) -> Float:
        """Position (3,)."""
        return self.solver.tool_position_base_m(joint_position_rad)

    def tool_quaternion_base_wxyz(self, joint_position_rad: Float) -> Float:
        """Orientation (4,), turned with the pan joint alone."""
        half = joint_position_rad[0] / 2
        return np.array([np.cos(half), 0.0, 0.0, np.sin(half)])


class ColumnCamera:
    """Shows the tool's y as a bright column."""

    def __init__(self, world: ReachWorld) -> None:
        self.spec = CameraSpec("front", WIDTH, HEIGHT, 10.0, "front_camera")
        self.breaks_at_ns: int | None = None
        self._world = world

    def connect(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def read(self) -> Frame:
        """The picture of this instant."""
        now_ns = self._world.clock.now_ns()
        if self.breaks_at_ns is not None and now_ns >= self.breaks_at_ns:
            raise DeviceError("front camera: the cable is out")
        low, high = RANGE_Y_M
        rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        rgb[:, int(np.clip((self._world.tool_y_m - low) / (high - low), 0.0, 0.999) * WIDTH)] = 255
        rgb[0, 0, 0] = now_ns // 1_000_000 % 251  # noise: no camera takes the very same picture twice in a row
        return Frame(now_ns, rgb)


class ReachWorld:
    """Implements ``World``."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.arm = FakeArm(self.clock)
        self.arm.kinematics = ToolKinematics()  # type: ignore[assignment]
        self.arm.spec = replace(
            self.arm.spec,
            joint_lower_rad=np.full(5, -3.0),
            joint_upper_rad=np.full(5, 3.0),
            joint_velocity_limit_rad_s=np.full(5, 5.0),
        )
        self.camera = ColumnCamera(self)
        self.arms, self.cameras = {"fake": self.arm}, {"front": self.camera}
        self.scene_is_gone = False

    @property
    def tool_y_m(self) -> float:
        """Where the tool is."""
        return float(self.arm.read().ee_position_base_m[1])

    def reset(self, seed: int) -> Mapping[str, Any]:
        """Turn the arm to one side."""
        pan = np.random.default_rng(seed).uniform(0.35, 0.55)
        self.arm.place(np.array([pan, *START_RAD[1:]]))
        return {"pan_rad": pan}

    def succeeded(self) -> bool | None:
        """The tool is far enough to the other side."""
        if self.scene_is_gone:
            raise DeviceError("scene/succeeded does not answer")
        return self.tool_y_m >= GOAL_Y_M

    def close(self) -> None:
        """Nothing to free."""


class ColumnEncoder:
    """Features are the brightness of each column, (V, WIDTH)."""

    variants = 2

    def encode(self, frames: Mapping[str, Frame], proprio: Float32, variants: int | None = None) -> Encoded:
        """Every variant is alike."""
        columns = frames["front"].rgb.mean((0, 2)).astype(np.float32) / 255.0
        return Encoded({"front": np.tile(columns, (variants or self.variants, 1))}, proprio)


class ColumnReward:
    """Implements ``RewardModel``: success if the bright column is far enough to the side."""

    def judge(self, encoded: Encoded) -> Verdict:
        """By the untouched frame."""
        column = int(encoded.features["front"][0].argmax())
        low, high = RANGE_Y_M
        reached = (column / WIDTH) * (high - low) + low >= GOAL_Y_M
        return Verdict(0.98 if reached else 0.02, Decision.SUCCESS if reached else Decision.FAILURE)


class ReachingPerson:
    """Implements ``Teleop``: moves to the side and says so; ``interrupts`` maps ticks to other events."""

    action_names = ACTION_NAMES

    def __init__(
        self, world: ReachWorld, interrupts: Mapping[int, TeleopEvent] | None = None, speed: float = 0.5
    ) -> None:
        self.seeds: list[int] = []
        self._world, self._interrupts, self._speed = world, dict(interrupts or {}), speed
        self._reads = self._reached = 0

    def connect(self) -> None:
        """The person sits down."""

    def close(self) -> None:
        """The person leaves."""

    def begin(self, seed: int) -> None:
        """Look at a new episode."""
        self.seeds.append(seed)
        self._reached = 0

    def read(self) -> TeleopReading:
        """Drive, and look at a success for three ticks."""
        event = self._interrupts.get(self._reads, TeleopEvent.NONE)
        self._reads += 1
        self._reached += bool(self._world.succeeded())
        if event is TeleopEvent.NONE and self._reached > 3:
            event = TeleopEvent.SUCCESS
        action = np.array([0.0, self._speed, 0.0, 0.0, -0.5], np.float32)
        return TeleopReading(self._world.clock.now_ns(), True, action, event)


def station_config() -> StationConfig:
    """The shipped SO-101 cell, seen by one small camera."""
    text = (ROOT / "configs" / "stations" / "so101_twin.yaml").read_text()
    lines = [line for line in text.splitlines() if "wrist: {" not in line]
    small = "\n".join(lines).replace("width: 128, height: 128", f"width: {WIDTH}, height: {HEIGHT}")
    small = small.replace("gripper_load: 1.0", "gripper_load: none_measured")
    return config.parse(small, StationConfig, "test")


def task_config(time_limit_s: float = 3.0) -> TaskConfig:
    """Reach to the side."""
    text = (
        f"name: reach\ninstruction: reach to the left\ntime_limit_s: {time_limit_s}\ninverse: null\ntwin: null\n"
        "success_prompts: [the tool is on the left]\nfailure_prompts: [the tool is on the right]\n"
    )
    return config.parse(text, TaskConfig, "test")


def open_reach(time_limit_s: float = 3.0) -> tuple[Cell, ReachWorld]:
    """A connected cell, and the world in it."""
    world = ReachWorld()
    station = Station(station_config(), world, world.arm.kinematics.solver)  # type: ignore[attr-defined]
    station.connect()
    return Cell(station, task_config(time_limit_s), ColumnEncoder()), world


def schema() -> StoreSchema:
    """What a store of the reach cell holds."""
    return StoreSchema(
        task="reach",
        station="so101_twin",
        action_names=ACTION_NAMES,
        joint_names=JOINTS,
        proprio_dim=16,
        cameras={"front": (HEIGHT, WIDTH)},
        features=FeatureSchema(TOWER, ("front",), ColumnEncoder.variants, WIDTH),
    )


def base_policy(speed: float = 0.0) -> ChunkPolicy:
    """A policy that moves about sideways with ``speed``; its other outputs are small and random."""
    torch.manual_seed(0)
    shape = ChunkShape(
        tower=TOWER, cameras=("front",), feature_dim=WIDTH, proprio_dim=16, readout_dim=WIDTH, action_dim=5,
        horizon=4, execute=2, hidden=(16,), dropout=0.0,
    )  # fmt: skip
    network = ChunkNetwork(shape)
    with torch.no_grad():
        network.senses.readout.copy_(torch.eye(WIDTH)[None])
        final = network.head[-1]
        final.weight.mul_(0.05)
        final.bias.copy_(torch.tensor([0.0, np.arctanh(speed), 0.0, 0.0, 0.0] * 4))
    return ChunkPolicy(network)


def settings(folder: Path, **changes: str) -> tuple[Path, LearningConfig]:
    """The shipped learning configuration made small, written to ``folder``; ``changes`` are lines by their key."""
    small = {
        "hidden": "[16]",
        "horizon": "4",
        "execute": "2",
        "steps": "30",
        "scale": "0.4",
        "confirm_ticks": "2",
        "critics": "2",
        "batch": "16",
        "critic_warmup": "20",
        "updates_per_step": "1.0",
        "first_steps": "10",
        "warmup_updates": "30",
        "publish_every": "10",
        "log_every": "10",
        "checkpoint_every_s": "0.05",
        "lead_steps": "20",
        **changes,
    }
    path = folder / "learning.yaml"
    text = (ROOT / "configs" / "learning" / "residual.yaml").read_text().replace("name: residual", f"name: {path.stem}")
    lines = [_changed(line, small) for line in text.split("\n")]
    path.write_text("\n".join(lines))
    return path, load_learning(str(path))


def _changed(line: str, values: Mapping[str, str]) -> str:
    key = line.strip().split(":")[0]
    is_leaf = line.startswith("  ") and key in values
    return f"  {key}: {values[key]}" if is_leaf and not (key == "hidden" and "64" in line) else line


def make_actor(
    cell: Cell,
    run: RunFolder,
    practice: PracticeSettings,
    learning: LearningConfig,
    say: Callable[[str], None] = lambda _: None,
) -> Actor:
    """An actor of the run in ``cell``, with the base policy that lies there."""
    base = ChunkPolicy.load(run.base)
    network = ResidualNetwork(residual_shape(base.shape, learning.residual))
    return Actor(
        cell=cell,
        store=EpisodeStore.open_or_create(run.store, schema()),
        policy=ResidualPolicy(base, network),
        reward=Confirmed(ColumnReward(), practice.confirm_ticks),
        weights=WeightsFolder(run.weights),
        settings=practice,
        run_seed=0,
        reward_version=1,
        say=say,
    )
