"""The compiled scene of the peg cell, with every handle looked up once."""

from __future__ import annotations

import colorsys

import numpy as np

from robolearn.contracts import Float
from robolearn.headless import choose_gl_backend
from sim.arm import UR_JOINTS

choose_gl_backend()

import mujoco  # noqa: E402

from sim.scene import ASSETS  # noqa: E402

TIP_M = 0.070  # of the peg, from the middle of its handle
HANDLE_HALF_M = 0.009
BLOCK_HEIGHT_M = 0.040
HOLE_HALF_M = 0.011
INSERTED_M = 0.030  # of the peg in the hole
GRAVITY_M_S2 = 9.81


class PegScene:
    """One cell in MuJoCo: UR5e, peg, block, cameras. Implements ``sim.arm.ArmScene``."""

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_path(str(ASSETS / "peg_cell.xml"))
        self.data = mujoco.MjData(self.model)
        model = self.model
        self.joint_qpos = np.array([model.joint(name).qposadr[0] for name in UR_JOINTS])
        self.joint_qvel = np.array([model.joint(name).dofadr[0] for name in UR_JOINTS])
        self.joint_ctrl = np.array([model.actuator(name).id for name in UR_JOINTS])
        self.gripper_qpos = int(model.joint("gripper").qposadr[0])
        self.gripper_ctrl = int(model.actuator("gripper").id)
        self.gripper_range_rad = model.joint("gripper").range.copy()
        self.gripper_torque_nm = float(model.actuator("gripper").forcerange[1])
        self.tool_site, self._flange = int(model.site("tool").id), int(model.site("flange").id)
        self._mimic_qpos = int(model.joint("gripper_mimic").qposadr[0])
        self._hand, self._peg = int(model.body("hand").id), int(model.body("peg").id)
        self._block = int(model.body("block").id)
        self._peg_qpos = int(model.joint("peg").qposadr[0])
        self._friction = model.geom_friction.copy()

    @property
    def peg_tip_base_m(self) -> Float:
        """Lower end of the peg (3,)."""
        down = -self.data.xmat[self._peg].reshape(3, 3)[:, 2]
        return np.asarray(self.data.xpos[self._peg] + TIP_M * down)

    @property
    def hole_base_m(self) -> Float:
        """Middle of the hole's upper rim (3,)."""
        return np.asarray(self.data.xpos[self._block] + [0.0, 0.0, BLOCK_HEIGHT_M])

    def peg_in_hole_m(self) -> Float:
        """Tip of the peg (3,) in the frame of the block, from the middle of the hole's rim."""
        rotation = self.data.xmat[self._block].reshape(3, 3)
        return np.asarray(rotation.T @ (self.peg_tip_base_m - self.hole_base_m))

    def inserted(self) -> bool:
        """The peg is in the hole, deep enough."""
        x, y, z = self.peg_in_hole_m()
        return bool(max(abs(x), abs(y)) < HOLE_HALF_M and z <= -INSERTED_M)

    def wrench_tool(self) -> Float:
        """What the surroundings and the peg exert at the tool (6,): the sensor's reading less the gripper's weight."""
        data = self.data
        flange = data.site_xmat[self._flange].reshape(3, 3)
        sensed = -np.concatenate([data.sensor("flange_force").data, data.sensor("flange_torque").data])
        weight = flange.T @ [0.0, 0.0, -GRAVITY_M_S2 * self.model.body_subtreemass[self._hand]]
        centre = flange.T @ (data.subtree_com[self._hand] - data.site_xpos[self._flange])
        force, torque = sensed[:3] - weight, sensed[3:] - np.cross(centre, weight)
        lever = flange.T @ (data.site_xpos[self.tool_site] - data.site_xpos[self._flange])
        turn = data.site_xmat[self.tool_site].reshape(3, 3).T @ flange
        return np.concatenate([turn @ force, turn @ (torque - np.cross(lever, force))])

    def place_block(self, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Put the block on the table."""
        self.data.mocap_pos[0] = [x_m, y_m, 0.0]
        self.data.mocap_quat[0] = [np.cos(yaw_rad / 2), 0.0, 0.0, np.sin(yaw_rad / 2)]

    def place_arm(self, joint_position_rad: Float, grasp_offset_m: float) -> None:
        """Put the arm somewhere, with the peg in its fingers, so far along them."""
        data = self.data
        data.qpos[self.joint_qpos] = joint_position_rad
        data.qpos[[self.gripper_qpos, self._mimic_qpos]] = HANDLE_HALF_M
        mujoco.mj_forward(self.model, data)
        tool = data.site_xmat[self.tool_site].reshape(3, 3)
        up, across = -tool[:, 0], tool[:, 2]
        quaternion = np.zeros(4)
        mujoco.mju_mat2Quat(quaternion, np.stack([across, np.cross(up, across), up], axis=1).ravel())
        data.qpos[self._peg_qpos : self._peg_qpos + 3] = data.site_xpos[self.tool_site] - grasp_offset_m * up
        data.qpos[self._peg_qpos + 3 : self._peg_qpos + 7] = quaternion

    def paint(self, peg_hue: float, block_hue: float, table_value: float, light_level: float) -> None:
        """Colours and light."""
        model = self.model
        model.geom_rgba[model.geom_bodyid == self._peg, :3] = colorsys.hsv_to_rgb(peg_hue % 1.0, 0.85, 0.85)
        model.geom_rgba[model.geom_bodyid == self._block, :3] = colorsys.hsv_to_rgb(block_hue % 1.0, 0.6, 0.75)
        model.geom_rgba[model.geom("table").id, :3] = np.array([1.0, 0.93, 0.82]) * table_value
        model.light_diffuse[0] = light_level

    def scale_friction(self, scale: float) -> None:
        """Sliding friction of everything."""
        self.model.geom_friction[:] = self._friction
        self.model.geom_friction[:, 0] *= scale
