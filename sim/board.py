"""A ChArUco board as a part of a MuJoCo scene: a thin plate with the print on its front."""

from __future__ import annotations

import cv2
import mujoco
import numpy as np

from calibration.board import Board, load_board
from calibration.geometry import Rigid
from sim.config import BoardConfig

NAME = "board"
MARGIN_SQUARES = 0.5  # white paper around the print
THICKNESS_M = 0.003
PX_PER_SQUARE = 160
# Face up before the arm, its columns to the left; and on a handle over the gripper, its face forward.
FLAT = Rigid(np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]), np.array([0.17, 0.0, 0.004]))
HELD = Rigid(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]), np.array([0.075, 0.0, 0.085]))


def place_board(spec: mujoco.MjSpec, config: BoardConfig) -> None:
    """Put the board where ``config`` says into a cell."""
    board = load_board(config.name)
    if config.held == "in_gripper":
        add_board(spec, spec.body("gripper"), board, HELD, mocap=False)
    else:
        add_board(spec, spec.worldbody, board, FLAT, mocap=True)


def add_board(spec: mujoco.MjSpec, parent: mujoco.MjsBody, board: Board, middle: Rigid, mocap: bool) -> None:
    """Hang ``board`` on ``parent`` as the body "board", whose frame is the board's, with its middle at ``middle``."""
    margin_m = MARGIN_SQUARES * board.square_m
    picture = board.picture(PX_PER_SQUARE / board.square_m)
    margin = round(MARGIN_SQUARES * PX_PER_SQUARE)
    printed = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=[255.0])
    rgb = np.ascontiguousarray(np.repeat(np.asarray(printed)[:, :, None], 3, axis=2))
    texture = spec.add_texture(
        name=NAME, type=mujoco.mjtTexture.mjTEXTURE_2D, width=rgb.shape[1], height=rgb.shape[0], nchannel=3
    )
    texture.data = rgb.tobytes()
    material = spec.add_material(name=NAME)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = NAME
    _add_plate(spec, board.size_m, margin_m)
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, middle.rotation.ravel())
    corner_m = middle.apply(-np.array([[*board.size_m, 0.0]]) / 2)[0]
    body = parent.add_body(name=NAME, mocap=mocap, pos=corner_m, quat=quaternion)
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=NAME, material=NAME, contype=0, conaffinity=0, mass=0.0)


def _add_plate(spec: mujoco.MjSpec, size_m: tuple[float, float], margin_m: float) -> None:
    """A closed box mesh whose front, seen against z, shows the whole texture; vertex x + 2 y + 4 z."""
    width, height = size_m
    spans = (-margin_m, width + margin_m), (-margin_m, height + margin_m), (0.0, THICKNESS_M)
    corners = [(x, y, z) for z in spans[2] for y in spans[1] for x in spans[0]]
    front = [(0, 2, 3), (0, 3, 1)]
    rest = [
        (4, 5, 7),
        (4, 7, 6),
        (0, 1, 5),
        (0, 5, 4),
        (2, 6, 7),
        (2, 7, 3),
        (0, 4, 6),
        (0, 6, 2),
        (1, 3, 7),
        (1, 7, 5),
    ]
    white = (0, 0, 0)
    spec.add_mesh(
        name=NAME,
        uservert=np.array(corners, float).ravel(),
        usertexcoord=np.array([(0, 0), (1, 0), (0, 1), (1, 1)], float).ravel(),
        userface=np.array([*front, *rest]).ravel(),
        userfacetexcoord=np.array([*front, *[white] * len(rest)]).ravel(),
    )
