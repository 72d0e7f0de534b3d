"""The robot model that an FR3 hands to its clients, written out from the virtual robot's own physics."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

import mujoco
import numpy as np

from sim.wire.franka import limits

LINKS = 8  # the base and what each joint moves; the flange is one more


def urdf(model: mujoco.MjModel) -> str:
    """URDF of the arm up to its flange: joints ``joint1..7``, links ``link0..8``, as libfranka looks them up."""
    robot = ElementTree.Element("robot", name="fr3")
    for number in range(LINKS):
        _add_link(robot, model, number)
    ElementTree.SubElement(robot, "link", name=f"link{LINKS}")
    for number in range(1, LINKS):
        _add_joint(robot, model, number)
    flange = ElementTree.SubElement(robot, "joint", name=f"joint{LINKS}", type="fixed")
    _attach(flange, LINKS, model.site("flange").pos, model.site("flange").quat)
    return ElementTree.tostring(robot, encoding="unicode", xml_declaration=True)


def _add_link(robot: ElementTree.Element, model: mujoco.MjModel, number: int) -> None:
    body = model.body(f"link{number}")
    inertial = ElementTree.SubElement(ElementTree.SubElement(robot, "link", name=body.name), "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=_words(body.ipos), rpy=_words(_angles(body.iquat)))
    ElementTree.SubElement(inertial, "mass", value=_words(body.mass))
    xx, yy, zz = (_words([value]) for value in body.inertia)
    ElementTree.SubElement(inertial, "inertia", ixx=xx, iyy=yy, izz=zz, ixy="0", ixz="0", iyz="0")


def _add_joint(robot: ElementTree.Element, model: mujoco.MjModel, number: int) -> None:
    joint = ElementTree.SubElement(robot, "joint", name=f"joint{number}", type="revolute")
    body = model.body(f"link{number}")
    _attach(joint, number, body.pos, body.quat)
    ElementTree.SubElement(joint, "axis", xyz="0 0 1")
    at = number - 1
    effort = model.jnt_actfrcrange[model.joint(f"fr3_joint{number}").id, 1]
    ElementTree.SubElement(
        joint, "limit", effort=_words([effort]), velocity=_words([limits.SPEED_RAD_S[at]]),
        lower=_words([limits.LOWER_RAD[at]]), upper=_words([limits.UPPER_RAD[at]]),
    )  # fmt: skip
    ElementTree.SubElement(
        joint, "position_based_velocity_limits", velocity_offset=_words([limits.SPEED_OFFSET_RAD_S[at]]),
        deceleration_limit=_words([limits.DECELERATION_RAD_S2[at]]),
    )  # fmt: skip


def _attach(joint: ElementTree.Element, number: int, position_m: Iterable[float], quaternion: Iterable[float]) -> None:
    ElementTree.SubElement(joint, "parent", link=f"link{number - 1}")
    ElementTree.SubElement(joint, "child", link=f"link{number}")
    ElementTree.SubElement(joint, "origin", xyz=_words(position_m), rpy=_words(_angles(quaternion)))


def _angles(quaternion: Iterable[float]) -> tuple[float, float, float]:
    """Roll, pitch and yaw about fixed axes [rad]."""
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quaternion, float))
    rotation = matrix.reshape(3, 3)
    pitch = np.arctan2(-rotation[2, 0], np.hypot(rotation[0, 0], rotation[1, 0]))
    roll, yaw = np.arctan2(rotation[2, 1], rotation[2, 2]), np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(roll), float(pitch), float(yaw)


def _words(values: Iterable[float]) -> str:
    return " ".join(f"{value:.12g}" for value in values)
