"""What every Camera keeps. Inherit :class:`CameraContract` and say how one is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from robolearn.contracts import Camera, Clock, Frame
from robolearn.errors import DeviceError

NS = 1_000_000_000


class CameraRig(NamedTuple):
    """A camera that is not connected yet, the clock it lives on, and how to clear it all away.

    ``tick_ns`` is the shortest time the clock can pass; a whole number of them must be slept."""

    camera: Camera
    clock: Clock
    tick_ns: int
    close: Callable[[], None]

    def wait(self, seconds: float) -> None:
        """Let at least this much time pass, in whole ticks."""
        ticks = -(-round(seconds * NS) // self.tick_ns)
        self.clock.sleep_until(self.clock.now_ns() + ticks * self.tick_ns)


class CameraContract(ABC):
    """The rules of a camera, as tests."""

    max_age_s = 0.5  # oldest newest frame that this camera may deliver while it streams
    noisy = True  # its sensor has noise, so that no two exposures are the same

    @abstractmethod
    def make(self) -> CameraRig:
        """A new camera, not connected."""

    @pytest.fixture
    def cold(self) -> Iterator[CameraRig]:
        """A camera that is not connected."""
        rig = self.make()
        yield rig
        rig.camera.close()
        rig.close()

    @pytest.fixture
    def rig(self, cold: CameraRig) -> CameraRig:
        """A connected camera that streams."""
        cold.camera.connect()
        cold.wait(3 / cold.camera.spec.fps)
        return cold

    def frames(self, rig: CameraRig, count: int) -> list[Frame]:
        """Readings half a frame period apart, so that some are read twice."""
        frames = []
        for _ in range(count):
            frames.append(rig.camera.read())
            rig.wait(0.5 / rig.camera.spec.fps)
        return frames

    def test_it_is_a_camera(self, cold: CameraRig) -> None:
        assert isinstance(cold.camera, Camera)

    def test_the_spec_can_be_read_before_connect_and_is_complete(self, cold: CameraRig) -> None:
        spec = cold.camera.spec
        assert spec.name and spec.frame
        assert spec.width > 0 and spec.height > 0 and np.isfinite(spec.fps) and spec.fps > 0

    def test_reading_before_connect_raises(self, cold: CameraRig) -> None:
        with pytest.raises(DeviceError):
            cold.camera.read()

    def test_close_may_be_called_any_time_and_reading_then_raises(self, cold: CameraRig) -> None:
        cold.camera.close()
        cold.camera.connect()
        cold.camera.close()
        cold.camera.close()
        with pytest.raises(DeviceError):
            cold.camera.read()

    def test_a_frame_has_the_resolution_of_the_spec_and_shows_something(self, rig: CameraRig) -> None:
        rgb = rig.camera.read().rgb
        assert rgb.shape == (rig.camera.spec.height, rig.camera.spec.width, 3) and rgb.dtype == np.uint8
        assert rgb.max() > rgb.min()

    def test_stamps_are_on_the_clock_and_young(self, rig: CameraRig) -> None:
        for frame in self.frames(rig, 6):
            assert frame.stamp_ns <= rig.clock.now_ns()
        age_ns = rig.clock.now_ns() - rig.camera.read().stamp_ns
        assert 0 <= age_ns <= self.max_age_s * NS

    def test_stamps_never_go_back_and_go_on_with_time(self, rig: CameraRig) -> None:
        stamps = [frame.stamp_ns for frame in self.frames(rig, 10)]
        assert stamps == sorted(stamps) and len(set(stamps)) >= 3

    def test_an_old_frame_keeps_its_old_stamp(self, rig: CameraRig) -> None:
        frames = self.frames(rig, 10)
        for earlier, later in pairwise(frames):
            if earlier.stamp_ns == later.stamp_ns:
                np.testing.assert_array_equal(earlier.rgb, later.rgb)
            elif self.noisy:
                assert not np.array_equal(earlier.rgb, later.rgb), "an old frame under a new stamp"
        at_once = [rig.camera.read(), rig.camera.read()]
        if at_once[0].stamp_ns != at_once[1].stamp_ns:
            assert at_once[0].stamp_ns < at_once[1].stamp_ns

    def test_frames_come_no_faster_than_the_spec_says(self, rig: CameraRig) -> None:
        stamps = sorted({frame.stamp_ns for frame in self.frames(rig, 10)})
        shortest_ns = min(later - earlier for earlier, later in pairwise(stamps))
        assert shortest_ns >= 0.5 * NS / rig.camera.spec.fps

    def test_changing_a_frame_does_not_change_the_next_reading(self, rig: CameraRig) -> None:
        frame = rig.camera.read()
        kept = frame.rgb.copy()
        frame.rgb[:] = 255 - frame.rgb
        again = rig.camera.read()
        if again.stamp_ns == frame.stamp_ns:
            np.testing.assert_array_equal(again.rgb, kept)
        assert not np.array_equal(again.rgb, frame.rgb)
