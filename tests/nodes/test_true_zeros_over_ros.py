"""Calibrated joints on the graph: every gate, and every client, sees true angles."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from calibration import artefacts
from calibration.joints import JointZeros
from robolearn.config import find
from robolearn.contracts import Float
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.nodes.world import RosWorld
from tests.drivers.so101_rig import virtual_so101
from tests.nodes.cells import STATION, twin
from tests.nodes.processes import PATIENCE_S, NodeProcess, own_network

OFFSET_RAD = np.radians([1.0, -0.5, 0.8, 0.3, -1.0])


def told(start: Callable[[], NodeProcess]) -> Float:
    """Joints (J,) [rad] as a node of this station tells them, held where they are before that."""
    with own_network(), start(), closing(Link("test", patience_s=PATIENCE_S)) as link:
        arm = RosWorld(link, (), topics.ARM).arm
        arm.connect()
        return arm.read().joint_position_rad


def station_file(folder: Path, name: str, **changes: object) -> Path:
    """A shipped station without cameras, and with changes."""
    station = yaml.safe_load(find("stations", name).read_text(encoding="utf-8"))
    station["cameras"] = {}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(station | changes), encoding="utf-8")
    return path


def save_zeros(folder: Path, device: str, station: str) -> None:
    zeros = JointZeros(STATION.joint_names, tuple(OFFSET_RAD.tolist()), (0.001,) * 5)
    artefacts.save(folder, device, station, zeros, (0.1, "px"), {})


def test_the_arms_node_tells_true_angles(tmp_path: Path) -> None:
    name = "so101_virtual"
    devices = yaml.safe_load(find("stations", name).read_text(encoding="utf-8"))["devices"] | {"cameras": {}}
    with virtual_so101(tmp_path) as bench:
        devices["arm"]["port"] = str(bench.port)
        changes: dict[str, object] = {"devices": devices}
        readings = []
        for _ in range(2):
            path = station_file(tmp_path, name, **changes)
            given = {"station": path, "task": "lift_cube"}
            readings.append(told(partial(NodeProcess, tmp_path / "arm.log", "arm_node", **given)))
            save_zeros(tmp_path, "so101", name)
            changes["calibration"] = str(tmp_path)
    assert readings[1] - readings[0] == pytest.approx(OFFSET_RAD, abs=0.004)


def test_the_twin_tells_true_angles(tmp_path: Path) -> None:
    changes: dict[str, object] = {}
    readings = []
    for _ in range(2):
        path = station_file(tmp_path, "so101_twin", **changes)
        readings.append(told(partial(twin, tmp_path, lock_step=True, station=path)))
        save_zeros(tmp_path, "so101_twin", "so101_twin")
        changes["calibration"] = str(tmp_path)
    assert readings[1] - readings[0] == pytest.approx(OFFSET_RAD, abs=0.01)
