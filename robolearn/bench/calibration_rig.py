"""A cell whose every truth is known: an SO-101 with servos that count in steps, a camera with a lens, a board."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from calibration.board import Board, load_board
from calibration.geometry import Rigid, rigid, rotation
from calibration.hand_eye import Known, Look, Mounting, chain
from calibration.intrinsics import Intrinsics
from robolearn.contracts import Float, Image
from robolearn.descriptions import description
from robolearn.errors import BenchError
from robolearn.kinematics import Kinematics
from sim.studio import Studio

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
STEP_RAD = 2.0 * np.pi / 4096  # an STS3215 reads whole steps
REPEATABILITY_RAD = math.radians(0.03)  # with which the arm comes back to a pose
READING_RAD = STEP_RAD / math.sqrt(12.0)
NOISE_GRAY_LEVELS = 3.0
WIDTH, HEIGHT = 640, 480
EDGE_PX = 5
LEAST_CORNERS = 8
TRIES = 4000
HOME_RAD = np.array([0.0, -0.38, 0.28, 1.5, 0.0])
REACH_RAD = {  # how far each joint goes to either side of home while the board stays in view
    Mounting.ON_TOOL: np.array([0.40, 0.60, 0.60, 0.55, 1.0]),
    Mounting.STILL: np.array([0.45, 0.50, 0.50, 0.60, 1.2]),
}
BOARD_WITHIN = (0.0003, math.radians(0.05))  # where a board flush with the arm's base plate is known to be
MOUNT_WITHIN = (0.0005, math.radians(0.05))  # where a bracket bolted to the tool is known to be


def draw_lens(rng: np.random.Generator) -> Intrinsics:
    """A lens as webcams have: 55 to 70 degrees wide, with barrel distortion, a little off centre."""
    focal = rng.uniform(480.0, 640.0)
    distortion = (rng.uniform(-0.30, -0.05), rng.uniform(0.0, 0.10), *rng.uniform(-1e-3, 1e-3, 2).tolist(), 0.0)
    k1, k2, p1, p2, k3 = distortion
    return Intrinsics(
        WIDTH, HEIGHT, float(focal), float(focal * rng.uniform(0.99, 1.01)),
        float((WIDTH - 1) / 2 + rng.uniform(-8, 8)), float((HEIGHT - 1) / 2 + rng.uniform(-8, 8)),
        (k1, k2, p1, p2, k3),
    )  # fmt: skip


class Rig:
    """One drawn cell. ``rider`` is what the tool carries, ``still`` what stands still; both may be moved by a test."""

    def __init__(self, mounting: Mounting, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.mounting = mounting
        self.board: Board = load_board("charuco_small")
        self.lens = draw_lens(self.rng)
        self.zero_offset_rad = np.zeros(len(JOINTS))
        self._kinematics = Kinematics(description("so101"), JOINTS)
        self._seed = seed
        near = self._nudge(0.004, 0.03)
        if mounting is Mounting.ON_TOOL:
            self.rider, self.still = _wrist_camera() @ near, self._flat(np.array([0.22, 0.0, 0.0]))
        else:
            self.rider, self.still = self._held() @ near, _table_camera() @ self._nudge(0.01, 0.03)

    @cached_property
    def _studio(self) -> Studio:
        return Studio(self.board, self.lens, NOISE_GRAY_LEVELS, self._seed)

    def close(self) -> None:
        """Free the OpenGL context."""
        if "_studio" in self.__dict__:
            self._studio.close()

    def tool_pose(self, joint_position_rad: Float) -> tuple[Float, Float]:
        """Forward kinematics, as the station has it."""
        return self._kinematics.tool_pose_base(joint_position_rad)

    def poses(self, count: int) -> list[Float]:
        """Joint targets, drawn until ``count`` of them see the board."""
        found: list[Float] = []
        for _ in range(TRIES):
            target = HOME_RAD + self.rng.uniform(-1.0, 1.0, len(JOINTS)) * REACH_RAD[self.mounting]
            if self._in_view(target):
                found.append(target)
            if len(found) == count:
                return found
        raise BenchError(f"only {len(found)} of {count} poses see the board: widen REACH_RAD")

    def go(self, target_rad: Float) -> tuple[Float, Float]:
        """Where the joints really are after a move, and what their encoders say of it."""
        true = target_rad + self.zero_offset_rad + self.rng.normal(0.0, REPEATABILITY_RAD, len(JOINTS))
        return true, np.round((true - self.zero_offset_rad) / STEP_RAD) * STEP_RAD

    def look(self, target_rad: Float) -> Look | None:
        """Move there and look; None if the board was not found."""
        true, read = self.go(target_rad)
        sighting = self.board.find(self.photograph(true))
        return None if sighting is None else Look(read, sighting)

    def looks(self, targets_rad: list[Float]) -> list[Look]:
        """One look from each target that shows the board."""
        return [look for target in targets_rad if (look := self.look(target)) is not None]

    def photograph(self, joint_position_rad: Float) -> Image:
        """Picture from true joints."""
        return self._studio.photograph(self._camera_t_board(joint_position_rad))

    def wave(self) -> Image:
        """Picture of the board held somewhere before the camera by a person."""
        turn = rotation(self.rng.uniform(-0.7, 0.7, 3))
        far = self.rng.uniform(0.12, 0.30)
        at = np.array([*self.rng.uniform(-0.45, 0.45, 2) * (1.0, HEIGHT / WIDTH), 1.0]) * far
        middle = np.array([*self.board.size_m, 0.0]) / 2
        return self._studio.photograph(Rigid(turn, at - turn @ middle))

    def known(self) -> tuple[Known, Known]:
        """What a person knows beforehand of rider and still, each off by an error as large as stated."""
        rider, still = (self._nudge(*within) for within in (MOUNT_WITHIN, BOARD_WITHIN))
        return Known(self.rider @ rider, *MOUNT_WITHIN), Known(self.still @ still, *BOARD_WITHIN)

    def _nudge(self, metres: float, radians: float) -> Rigid:
        return rigid(np.concatenate([self.rng.normal(0.0, radians, 3), self.rng.normal(0.0, metres, 3)]))

    def _camera_t_board(self, joint_position_rad: Float) -> Rigid:
        position, turn = self.tool_pose(joint_position_rad)
        return chain(self.mounting, Rigid(turn, position), self.rider, self.still)

    def _in_view(self, target_rad: Float) -> bool:
        camera_t_board = self._camera_t_board(target_rad + self.zero_offset_rad)
        points = camera_t_board.apply(self.board.corner_points_m)
        if points[:, 2].min() < 0.06 or camera_t_board.rotation[2, 2] < 0.5:
            return False
        column, row = self.lens.project(points).T
        inside = (np.abs(column - WIDTH / 2) < WIDTH / 2 - EDGE_PX) & (np.abs(row - HEIGHT / 2) < HEIGHT / 2 - EDGE_PX)
        return int(inside.sum()) >= LEAST_CORNERS

    def _flat(self, middle_base_m: Float) -> Rigid:
        """The board on the table, face up, its rows across the arm's way."""
        turn = rotation(np.array([np.pi, 0.0, 0.0])) @ rotation(np.array([0.0, 0.0, np.pi / 2]))
        turn = rotation(np.array([0.0, 0.0, self.rng.uniform(-0.05, 0.05)])) @ turn
        return Rigid(turn, middle_base_m - turn @ np.array([*self.board.size_m, 0.0]) / 2)

    def _held(self) -> Rigid:
        """The board on a handle in the gripper: beside the tool, face to the camera when the tool points down."""
        turn = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
        return Rigid(turn, np.array([0.05, 0.0, 0.0]) - turn @ np.array([*self.board.size_m, 0.0]) / 2)


def _wrist_camera() -> Rigid:
    """``tool_t_camera``: beside the gripper, looking past the fingers, as the shipped description has it."""
    right, down = np.array([-0.0449, 0.0281, 0.9986]), -np.array([0.53, 0.848, 0.0])
    forward = np.cross(right, down)
    axes = np.column_stack([axis / np.linalg.norm(axis) for axis in (right, down, forward)])
    left, _, back = np.linalg.svd(axes)
    return Rigid(left @ back, np.array([-0.091, 0.060, 0.0]))


def _table_camera() -> Rigid:
    """``base_t_camera``: on a stand before the arm, looking down at it."""
    eye, target = np.array([0.60, 0.02, 0.35]), np.array([0.24, 0.0, 0.08])
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right)
    return Rigid(np.column_stack([right, np.cross(forward, right), forward]), eye)
