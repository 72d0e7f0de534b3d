"""A virtual servo arm in its cell: what its parts do to each other."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from drivers.sts_bus import PRESENT_POSITION, sts_bus
from robolearn.backends import load_task
from robolearn.contracts import CameraSpec, Image
from sim.renderer import SceneRenderer
from sim.wire.camera_servers import by_mjpeg
from sim.wire.servo_cell import ACTUATORS, ServoCell, ServoCellSettings
from sim.wire.sts.arm import StsArm

FRONT = CameraSpec("front", 64, 48, 30.0, "front_camera")
BAUD = 1_000_000
PATIENCE_S = 20.0


def test_servos_answer_while_a_picture_is_being_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, drawn, draw = threading.Event(), threading.Event(), SceneRenderer.render

    def render_slowly(*arguments: object) -> Image:
        drawing.set()
        drawn.wait(2 * PATIENCE_S)
        return draw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SceneRenderer, "render", render_slowly)
    settings = ServoCellSettings(tmp_path / "port", by_mjpeg(0), cameras=(FRONT,))
    bus = sts_bus(str(settings.port), BAUD, PATIENCE_S)
    with ServoCell(settings, load_task("lift_cube"), lambda scene, at: StsArm(scene, ACTUATORS, at)):
        try:
            assert drawing.wait(PATIENCE_S)
            bus.open()
            assert len(bus.blocks([1, 2, 3, 4, 5, 6], PRESENT_POSITION, 2)) == 6
        finally:
            drawn.set()
            bus.close()
