"""A station that cannot be opened leaves nothing behind."""

from __future__ import annotations

import pytest

from robolearn.backends import load_station, load_task, open_station
from robolearn.errors import DeviceError
from sim.camera import TwinCamera
from sim.world import TwinWorld


def test_if_a_device_fails_the_world_is_closed_with_all_that_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[TwinWorld] = []

    def unplugged(camera: TwinCamera) -> None:
        raise DeviceError(f"camera {camera.spec.name}: the cable is out")

    def close(world: TwinWorld) -> None:
        closed.append(world)
        really_close(world)

    really_close = TwinWorld.close
    monkeypatch.setattr(TwinCamera, "connect", unplugged)
    monkeypatch.setattr(TwinWorld, "close", close)
    with pytest.raises(DeviceError, match="the cable is out"):
        open_station(load_station("so101_twin"), load_task("lift_cube"))
    assert len(closed) == 1
