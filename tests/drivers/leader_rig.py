"""A leader arm on a virtual bus for the tests of this room; its own motors are the person's hand."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import ClassVar

import pytest

from drivers.clock import RealClock
from drivers.leader import Leader, LeaderConfig
from drivers.servo_arm import ArmParts, ServoArm, Servos
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from tests.contract.teleop import TeleopContract, TeleopRig
from tests.drivers.so101_rig import Bench
from tests.sim.cells import STATION

MIDDLE, SWING = 2047, 400  # ticks of the servo that turns the leader to and fro


def kinematics() -> Kinematics:
    """That of the leader, which is built as the follower."""
    return Kinematics(description("so101"), STATION.joint_names)


def wired(parts: ArmParts, servos: Servos, settings: LeaderConfig) -> Leader:
    """A leader on these servos."""
    arm = ServoArm(parts, servos, STATION.joint_names, STATION.control_hz, kinematics(), RealClock())
    return Leader(arm, kinematics(), settings, STATION.action, RealClock())


class LeaderContract(TeleopContract):
    """The rules of a teleoperation device, for a leader arm on the virtual bus ``bench``."""

    tick_s = 0.05
    settings: ClassVar[LeaderConfig]

    @pytest.fixture(autouse=True)
    def on_the_bench(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """What :meth:`make` is wired to."""
        monkeypatch.setattr("drivers.servos.LET_DOWN_S", 0.1)
        self.bench, self._side = bench, 1

    @abstractmethod
    def leader(self) -> Leader:
        """At its start pose."""

    @abstractmethod
    def turn_pan(self, goal: int) -> None:
        """Have the motor turn the first joint to ``goal`` [ticks]."""

    def make(self) -> TeleopRig:
        """A person who turns the leader to and fro."""
        return TeleopRig(self.leader(), RealClock(), self._push, self._let_go, lambda: None)

    def set(self, name: str, size: int, value: int) -> None:
        """Write a register of the first servo, past the bus."""
        self.bench.emulator.do("register", servo=0, name=name, size=size, value=value)

    def _push(self) -> None:
        self._side = -self._side
        self.turn_pan(MIDDLE + SWING * self._side)
        self.set("TORQUE_ENABLE", 1, 1)

    def _let_go(self) -> None:
        self.set("TORQUE_ENABLE", 1, 0)
        time.sleep(self.settings.hold_s + 0.5)
