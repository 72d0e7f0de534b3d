"""The frames of a Franka robot beyond its flange (F): nominal end effector (NE), end effector (EE), contact (K)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robolearn.contracts import Float

HAND_TOOL_M = 0.1034  # as the maker's Desk sets it for the hand, with a turn of -45 degrees


class Frames:
    """Where the frames are, as 4x4 matrices, and the load that clients have told of."""

    def __init__(self, flange_base_m: Float, rotation_base: Float) -> None:
        turn = np.sqrt(0.5)
        self.flange_t_nominal = np.array(
            [[turn, turn, 0.0, 0.0], [-turn, turn, 0.0, 0.0], [0.0, 0.0, 1.0, HAND_TOOL_M], [0.0, 0.0, 0.0, 1.0]]
        )
        self.nominal_t_tool = np.eye(4)
        self.tool_t_contact = np.eye(4)
        self.load: Sequence[float] = (0.0,) * 13  # mass [kg], centre (3) [m], inertia (9) [kg m^2]
        self.move(flange_base_m, rotation_base)

    def move(self, flange_base_m: Float, rotation_base: Float) -> None:
        """The flange is somewhere else."""
        base_t_flange = np.eye(4)
        base_t_flange[:3, :3], base_t_flange[:3, 3] = rotation_base, flange_base_m
        self.tool_base = base_t_flange @ self.flange_t_nominal @ self.nominal_t_tool
        self.contact_base = self.tool_base @ self.tool_t_contact

    @property
    def contact_base_m(self) -> Float:
        """Where K is (3,)."""
        return np.asarray(self.contact_base[:3, 3])

    def fields(self) -> dict[str, Sequence[float]]:
        """The part of a robot state that tells of them."""
        return {
            "F_T_EE": column_major(self.flange_t_nominal @ self.nominal_t_tool),
            "F_T_NE": column_major(self.flange_t_nominal),
            "NE_T_EE": column_major(self.nominal_t_tool),
            "EE_T_K": column_major(self.tool_t_contact),
            "m_load": self.load[:1], "F_x_Cload": self.load[1:4], "I_load": self.load[4:],
        }  # fmt: skip


def column_major(matrix: Float) -> Sequence[float]:
    """A matrix as the FCI has it."""
    return tuple(matrix.T.ravel().tolist())


def from_column_major(values: Sequence[float]) -> Float:
    """A 4x4 matrix."""
    return np.array(values).reshape(4, 4).T
