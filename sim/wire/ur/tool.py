"""What the controller has been told of its tool, and what follows: pose, speed and force at the tool's centre point."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import Float
from sim.wire.ur.body import GRAVITY_M_S2, Body, rotation_matrix, rotation_vector


class Tool:
    """Payload and centre point (TCP), and the zero of the force sensor."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.mass_kg = 0.0
        self.centre_of_gravity_m = np.zeros(3)
        self.tcp_offset = np.zeros(6)  # m and rotation vector, in the flange frame
        self._zero = np.zeros(6)

    def pose_base(self) -> Float:
        """Position [m] and rotation vector [rad] (6,) of the TCP in the base frame."""
        position, rotation = self._body.flange_base()
        at = position + rotation @ self.tcp_offset[:3]
        return np.concatenate([at, rotation_vector(rotation @ rotation_matrix(self.tcp_offset[3:]))])

    def twist_base(self) -> Float:
        """Linear and angular velocity (6,) of the TCP in the base frame."""
        _, rotation = self._body.flange_base()
        twist = self._body.flange_twist_base()
        twist[:3] += np.cross(twist[3:], rotation @ self.tcp_offset[:3])
        return twist

    def force_base(self) -> Float:
        """What the surroundings exert on the TCP: force [N] and torque [Nm] (6,) in axes parallel to the base's."""
        _, rotation = self._body.flange_base()
        felt = self._load() - self._zero
        force, torque = felt[:3], felt[3:] - np.cross(self.tcp_offset[:3], felt[:3])
        return np.concatenate([rotation @ force, rotation @ torque])

    def zero(self) -> None:
        """Take the present force as none."""
        self._zero = self._load()

    def _load(self) -> Float:
        """Force and torque (6,) at the flange, less the weight of the payload that the controller was told of."""
        _, rotation = self._body.flange_base()
        weight = rotation.T @ np.array([0.0, 0.0, -GRAVITY_M_S2 * self.mass_kg])
        payload = np.concatenate([weight, np.cross(self.centre_of_gravity_m, weight)])
        return np.asarray(self._body.flange_wrench() - payload)
