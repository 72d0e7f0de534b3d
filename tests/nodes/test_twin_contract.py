"""Arm, cameras, clock and person keep the rules of the contracts over the graph, with the twin as a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from robolearn.actions import ACTION_NAMES
from robolearn.contracts import Clock
from robolearn.nodes import topics
from robolearn.nodes.world import RosWorld
from tests.contract.arm import ArmContract, ArmRig
from tests.contract.camera import CameraContract, CameraRig
from tests.contract.clock import ClockContract
from tests.contract.teleop import TeleopContract, TeleopRig
from tests.nodes.cells import STATION, twin, world
from tests.nodes.processes import own_network

NS = 1_000_000_000
PERIOD_NS = round(NS / STATION.control_hz)


@pytest.fixture(scope="module", params=["lock_step", "real_time"])
def cell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RosWorld]:
    """A twin in a process, with a person who drives it."""
    lock_step = request.param == "lock_step"
    with (
        own_network(),
        twin(tmp_path_factory.mktemp("cell"), lock_step=lock_step, person="demonstrator"),
        world(topics.ARM) as opened,
    ):
        yield opened


class OnTheCell:
    """What the tests of this file share: the one cell, in the start state of an episode."""

    cell: ClassVar[RosWorld]

    @pytest.fixture(autouse=True)
    def _new_episode(self, cell: RosWorld) -> None:
        type(self).cell = cell
        cell.reset(0)


class TestRosArm(OnTheCell, ArmContract):
    """The arm of the twin's node."""

    def make(self) -> ArmRig:
        """A client of it."""
        (arm,) = self.cell.arms.values()
        return ArmRig(arm, self.cell.clock, lambda: None)


class TestRosFrontCamera(OnTheCell, CameraContract):
    """A camera of the twin's node."""

    name = "front"

    def make(self) -> CameraRig:
        """A client of it."""
        return CameraRig(self.cell.cameras[self.name], self.cell.clock, PERIOD_NS, lambda: None)


class TestRosClock(OnTheCell, ClockContract):
    """The time of the twin's node."""

    tick_ns = 10 * PERIOD_NS  # the twin runs on while this process wakes up

    def make(self) -> Clock:
        """A client of it."""
        return self.cell.clock


class TestRosTeleop(OnTheCell, TeleopContract):
    """The person at the twin."""

    tick_s = 1 / STATION.policy_hz

    def make(self) -> TeleopRig:
        """A client of them; they drive until the episode ends."""
        return TeleopRig(self.cell.teleop(ACTION_NAMES), self.cell.clock, lambda: None, None, lambda: None)
