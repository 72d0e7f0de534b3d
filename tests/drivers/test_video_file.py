"""A video file keeps the rules of a camera."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera import DrainedCamera
from drivers.clock import RealClock
from drivers.video_file import FileSource
from robolearn.errors import DeviceError
from tests.contract.camera import CameraContract, CameraRig
from tests.drivers.pictures import SPEC

BRIGHT = tuple(range(40, 240, 20))


def film(path: Path, brightness: tuple[int, ...] = BRIGHT) -> Path:
    """A film of one even picture after the other."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), SPEC.fps, (SPEC.width, SPEC.height))
    for value in brightness:
        picture = np.full((SPEC.height, SPEC.width, 3), value, np.uint8)
        picture[:4] = 0
        writer.write(picture)
    writer.release()
    return path


def playing(path: Path) -> DrainedCamera:
    return DrainedCamera(SPEC, FileSource(str(path), SPEC, RealClock()), None)


class TestVideoFile(CameraContract):
    """The file in place of a camera."""

    def make(self) -> CameraRig:
        """A film in a folder of its own."""
        folder = Path(tempfile.mkdtemp())
        return CameraRig(playing(film(folder / "film.avi")), RealClock(), 1_000_000, lambda: shutil.rmtree(folder))


def test_the_film_is_played_at_its_rate_and_again_from_the_start(tmp_path: Path) -> None:
    source = FileSource(str(film(tmp_path / "film.avi")), SPEC, RealClock())
    source.open()
    frames = [source.take() for _ in range(2 * len(BRIGHT))]
    source.close()
    assert [round(float(frame.rgb[-1, 0, 0]), -1) for frame in frames] == [*BRIGHT, *BRIGHT]
    seconds = (frames[-1].stamp_ns - frames[0].stamp_ns) / 1e9
    assert seconds >= 0.9 * (len(frames) - 1) / SPEC.fps


@pytest.mark.parametrize("content", [None, b"no film"])
def test_a_file_that_is_no_film_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceError, match="camera front: .*film.avi is not there, or not a video"):
        playing(path).connect()


def test_a_new_picture_is_announced_when_it_can_be_read(tmp_path: Path) -> None:
    camera, clock = playing(film(tmp_path / "film.avi")), RealClock()
    stamps: list[int] = []
    camera.on_picture(lambda: stamps.append(camera.read().stamp_ns))
    camera.connect()
    clock.sleep_until(clock.now_ns() + round(10.5e9 / SPEC.fps))
    camera.close()
    assert 9 <= len(stamps) <= 11
    assert sorted(set(stamps)) == stamps
