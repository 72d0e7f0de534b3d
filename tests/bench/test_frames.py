"""The pictures of both sides are the same, and neither too easy nor too hard for a codec."""

from __future__ import annotations

import zlib

import numpy as np

from robolearn.bench.frames import NOISE_STD, camera_frames


def test_the_same_seed_gives_the_same_pictures() -> None:
    one, two = camera_frames(3, 48, 64, seed=1), camera_frames(3, 48, 64, seed=1)
    assert one.shape == (3, 48, 64, 3) and one.dtype == np.uint8
    assert (one == two).all() and (one != camera_frames(3, 48, 64, seed=2)).any()


def test_rows_in_succession_differ_by_noise_and_a_small_motion() -> None:
    frames = camera_frames(2, 96, 128, seed=0).astype(float)
    change = np.abs(frames[1] - frames[0])
    assert 0.5 * NOISE_STD < np.median(change) < 3 * NOISE_STD
    assert 0.0 < (change > 40).mean() < 0.1


def test_a_picture_is_neither_flat_nor_pure_noise() -> None:
    picture = camera_frames(1, 120, 160, seed=0)[0].tobytes()
    assert 0.2 < len(zlib.compress(picture)) / len(picture) < 0.95
