"""What the reward node does not judge."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.contracts import Frame
from robolearn.errors import BorderError
from robolearn.nodes.reward_node import check_ages

NS = 1_000_000_000
PICTURE = np.zeros((4, 4, 3), np.uint8)


def test_a_camera_that_fell_silent_is_named_while_the_other_goes_on() -> None:
    frames = {"front": Frame(10 * NS, PICTURE), "wrist": Frame(9 * NS, PICTURE)}
    check_ages(frames, 10 * NS, 1.0)
    with pytest.raises(BorderError, match="camera wrist: age 1000"):
        check_ages(frames, 10 * NS, 0.15)
