"""The compiled scene: MuJoCo model and data, with every handle looked up once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from robolearn.contracts import Float
from robolearn.headless import choose_gl_backend
from sim.config import BoardConfig

choose_gl_backend()

import mujoco  # noqa: E402

from sim.board import place_board  # noqa: E402

ASSETS = Path(__file__).parent / "assets"


class Nominal(NamedTuple):
    """Values of the model before any draw."""

    light_pos: Float
    cam_pos: Float
    cam_quat: Float
    geom_friction: Float
    cube_mass_kg: float
    cube_inertia: Float


class Scene:
    """One cell in MuJoCo: arm, cube, bin, cameras."""

    CUBE_HALF_M = 0.013
    BIN_HALF_M = 0.052  # inner
    BIN_HEIGHT_M = 0.030

    def __init__(
        self, joint_names: tuple[str, ...], camera_names: tuple[str, ...], board: BoardConfig | None = None
    ) -> None:
        self.model = _compiled(board)
        self.data = mujoco.MjData(self.model)
        model = self.model
        self.joint_qpos = np.array([model.joint(name).qposadr[0] for name in joint_names])
        self.joint_qvel = np.array([model.joint(name).dofadr[0] for name in joint_names])
        self.joint_ctrl = np.array([model.actuator(name).id for name in joint_names])
        self.gripper_qpos = int(model.joint("gripper").qposadr[0])
        self.gripper_ctrl = int(model.actuator("gripper").id)
        self.gripper_range_rad = model.joint("gripper").range.copy()
        self.gripper_torque_nm = float(model.actuator("gripper").forcerange[1])
        self.tool_site = int(model.site("tool").id)
        self.cube_geom = int(model.geom("cube").id)
        self.cube_body = int(model.body("cube").id)
        self.cube_qpos = int(model.joint("cube").qposadr[0])
        self.cube_qvel = int(model.joint("cube").dofadr[0])
        self.bin_body = int(model.body("bin").id)
        self.bin_geoms = np.flatnonzero(model.geom_bodyid == self.bin_body)
        self.table_geom = int(model.geom("table").id)
        self.arm_geoms = frozenset(np.flatnonzero(_below(model, model.body("base").id)[model.geom_bodyid]).tolist())
        self.camera_ids = tuple(int(model.camera(name).id) for name in camera_names)
        self.nominal = Nominal(
            model.light_pos[0].copy(), model.cam_pos.copy(), model.cam_quat.copy(), model.geom_friction.copy(),
            float(model.body_mass[self.cube_body]), model.body_inertia[self.cube_body].copy(),
        )  # fmt: skip

    @property
    def cube_position_base_m(self) -> Float:
        """Centre of the cube (3,)."""
        return np.array(self.data.xpos[self.cube_body])

    @property
    def cube_yaw_rad(self) -> float:
        """Rotation of the cube about the vertical."""
        matrix = self.data.xmat[self.cube_body]
        return float(np.arctan2(matrix[3], matrix[0]))

    @property
    def bin_position_base_m(self) -> Float:
        """Centre of the bin's underside (3,)."""
        return np.array(self.data.xpos[self.bin_body])

    def cube_in_bin_frame_m(self) -> Float:
        """Centre of the cube (3,) in the frame of the bin."""
        rotation = self.data.xmat[self.bin_body].reshape(3, 3)
        return np.asarray(rotation.T @ (self.data.xpos[self.cube_body] - self.data.xpos[self.bin_body]))

    def cube_speed_m_s(self) -> float:
        """Linear speed of the cube."""
        return float(np.linalg.norm(self.data.qvel[self.cube_qvel : self.cube_qvel + 3]))

    def arm_touches_cube(self) -> bool:
        """True if any part of the arm is in contact with the cube."""
        pairs = self.data.contact.geom[: self.data.ncon]
        others = pairs[(pairs == self.cube_geom).any(axis=1)].ravel().tolist()
        return any(geom in self.arm_geoms for geom in others)


def _compiled(board: BoardConfig | None) -> mujoco.MjModel:
    if board is None:
        return mujoco.MjModel.from_xml_path(str(ASSETS / "cell.xml"))
    spec = mujoco.MjSpec.from_file(str(ASSETS / "cell.xml"))
    place_board(spec, board)
    return spec.compile()


def _below(model: mujoco.MjModel, root: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mask over bodies: ``root`` and all that hang on it."""
    inside = np.zeros(model.nbody, dtype=bool)
    inside[root] = True
    for body in range(root + 1, model.nbody):
        inside[body] = inside[model.body_parentid[body]]
    return inside
