"""The inner loops of replay sampling, compiled by numba; every output array is preallocated by the caller."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from robolearn.contracts import Float32, Image

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

HALF_TO_SINGLE: Final = np.float32(2.0**112)  # the biases of the two exponents differ by 127 - 15


@njit(cache=True, nogil=True)
def n_step(
    rows: Int64,
    following: Int64,
    reward: Float32,
    terminal: Bool,
    steps: int,
    gamma: float,
    out_end: Int64,
    out_reward: Float32,
    out_discount: Float32,
) -> None:
    """n-step returns of the transitions that start at ``rows`` (B,).

    ``following`` (N,) is the next row of the same episode or -1; ``reward`` (N,) is what arriving at a row
    pays; ``terminal`` (N,) marks final rows of episodes that terminated. A return stops at the end of the
    episode after k <= ``steps`` transitions: ``out_end`` is the row reached, ``out_discount`` gamma^k, or 0
    if it is terminal.
    """
    for i in range(rows.shape[0]):
        row = rows[i]
        total = 0.0
        scale = 1.0
        for _ in range(steps):
            if following[row] < 0:
                break
            row = following[row]
            total += scale * reward[row]
            scale *= gamma
            if terminal[row]:
                scale = 0.0
                break
        out_end[i] = row
        out_reward[i] = total
        out_discount[i] = scale


@njit(cache=True, nogil=True)
def gather_halves(
    halves: NDArray[np.uint16],
    rows: Int64,
    variants: NDArray[np.int64],
    out_bits: NDArray[np.uint32],
    out: Float32,
) -> None:
    """Float16 features as float32, by arithmetic on their bits.

    ``halves`` (N, cameras, V, D) are the bits of finite float16 numbers, ``variants`` (B, cameras) chooses
    one of V for each picture, ``out`` (B, cameras, D) float32, and ``out_bits`` is the same memory as uint32.
    """
    for i in range(rows.shape[0]):
        for camera in range(halves.shape[1]):
            source = halves[rows[i], camera, variants[i, camera]]
            bits = out_bits[i, camera]
            target = out[i, camera]
            for j in range(source.shape[0]):
                half = np.uint32(source[j])
                bits[j] = ((half & np.uint32(0x8000)) << np.uint32(16)) | ((half & np.uint32(0x7FFF)) << np.uint32(13))
            for j in range(source.shape[0]):
                target[j] *= HALF_TO_SINGLE


@njit(cache=True, nogil=True)
def _shift_line(source: Image, right: int, width: int, target: Image) -> None:
    """Copy a line (3 W,) that begins ``right`` bytes into ``source``; its edge pixels repeat beyond."""
    first, last = max(0, -right), min(width, width - right)
    moved, part = source[first + right : last + right], target[first:last]
    for x in range(part.shape[0]):  # four times as fast as assigning the slice
        part[x] = moved[x]
    for x in range(first):
        target[x] = source[x % 3]
    for x in range(last, width):
        target[x] = source[width - 3 + x % 3]


@njit(cache=True, nogil=True)
def gather_shifted(lines: Image, rows: Int64, shifts: Int64, pad: int, out: Image) -> None:
    """Pictures moved by a random shift with their edges repeated (DrQ, https://arxiv.org/abs/2004.13649).

    ``lines`` (N, cameras, H, 3 W) are the pictures line by line, ``shifts`` (B, cameras, 2) in [0, 2 pad],
    where ``pad`` means no shift, ``out`` (B, cameras, H, 3 W).
    """
    height, width = lines.shape[2], lines.shape[3]
    for i in range(rows.shape[0]):
        for camera in range(lines.shape[1]):
            down, right = shifts[i, camera, 0] - pad, 3 * (shifts[i, camera, 1] - pad)
            for y in range(height):
                source = lines[rows[i], camera, min(max(y + down, 0), height - 1)]
                _shift_line(source, right, width, out[i, camera, y])


def as_bits(array: NDArray[Any], dtype: type) -> NDArray[Any]:
    """The same memory, seen as unsigned integers."""
    return array.view(dtype)
