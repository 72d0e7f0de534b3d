"""The twin's arm, cameras, clock and scripted person keep the same rules as real devices."""

from __future__ import annotations

import numpy as np

from robolearn.backends import load_station, load_task
from robolearn.contracts import Clock
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.safety import Gate
from sim import backend
from sim.world import TwinWorld
from tests.contract.arm import ArmContract, ArmRig
from tests.contract.camera import CameraContract, CameraRig
from tests.contract.clock import ClockContract
from tests.contract.teleop import TeleopContract, TeleopRig

NS = 1_000_000_000
STATION = load_station("so101_twin")
TASK = load_task("lift_cube")


def new_world(seed: int = 0) -> TwinWorld:
    """The shipped twin in the start state of an episode."""
    world = backend.world(STATION, TASK)
    assert isinstance(world, TwinWorld)
    world.reset(seed)
    return world


def new_kinematics() -> Kinematics:
    """Kinematics of the twin's arm."""
    return Kinematics(description(STATION.description), STATION.joint_names)


class TestTwinArm(ArmContract):
    """The twin's arm by itself."""

    def make(self) -> ArmRig:
        """The arm of a new twin."""
        world = new_world()
        return ArmRig(world.arm, world.clock, world.close)


class TestGatedTwinArm(ArmContract):
    """The twin's arm behind the gate with the shipped station's limits."""

    def make(self) -> ArmRig:
        """The arm of a new twin, gated."""
        world = new_world()
        return ArmRig(Gate(world.arm, STATION.limits, new_kinematics(), world.clock), world.clock, world.close)


class TestTwinFrontCamera(CameraContract):
    """The camera that looks at the cell."""

    name = "front"

    def make(self) -> CameraRig:
        """A camera of a new twin."""
        world = new_world()
        return CameraRig(world.cameras[self.name], world.clock, round(NS / STATION.control_hz), world.close)


class TestTwinWristCamera(TestTwinFrontCamera):
    """The camera on the gripper."""

    name = "wrist"


class TestTwinClock(ClockContract):
    """The lock-step clock."""

    tick_ns = round(NS / STATION.control_hz)

    def make(self) -> Clock:
        """The clock of a new twin."""
        return new_world().clock


class TestDemonstrator(TeleopContract):
    """The scripted person at the shipped station."""

    tick_s = 1 / STATION.policy_hz

    def make(self) -> TeleopRig:
        """A person who has just sat down, and drives until the episode ends."""
        world = new_world()
        person = backend.person(world, STATION)
        return TeleopRig(person, world.clock, lambda: None, None, world.close)

    def test_the_same_seed_makes_the_same_person_and_another_seed_another(self) -> None:
        actions = {}
        for name, seed in (("first", 3), ("again", 3), ("other", 4)):
            rig = self.make()
            rig.teleop.connect()
            rig.teleop.begin(seed)
            actions[name] = np.array([reading.action for reading in self.driven(rig, 20)])
            rig.close()
        np.testing.assert_array_equal(actions["first"], actions["again"])
        assert not np.array_equal(actions["first"], actions["other"])
