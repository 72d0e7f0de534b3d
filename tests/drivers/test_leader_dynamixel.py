"""The leader arm of Dynamixels keeps the rules of a teleoperation device, on a virtual bus."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from drivers.clock import RealClock
from drivers.dynamixel_setup import DynamixelConfig, DynamixelServo
from drivers.leader import Leader, LeaderConfig, LimpDxlServos
from drivers.servo_arm import ArmParts, ServoArm
from robolearn import config
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from tests.contract.teleop import TeleopContract, TeleopRig
from tests.drivers.so101_rig import SCALES, Bench, virtual_so101
from tests.sim.cells import STATION

MODEL = "xl330-m077"
SERVOS = {name: DynamixelServo(MODEL, scale) for name, scale in SCALES.items()}
SETTINGS = config.parse("bus: {driver: dynamixel}\n", LeaderConfig, "station")
HALF_PWM = 442  # no overload, whatever the limp arm lies on
PATIENCE_S = 0.2  # of a machine that does other things besides


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    models = ",".join([MODEL] * len(SERVOS))
    with virtual_so101(tmp_path_factory.mktemp("leader"), "--models", models, device="dynamixel") as bench:
        yield bench


def wired(bench: Bench) -> Leader:
    """A leader on the virtual bus, at its start pose."""
    bench.restore()
    settings = DynamixelConfig("koch_leader", str(bench.port), SERVOS, "hold", 4.7, 0.05, patience_s=PATIENCE_S)
    parts = ArmParts("leader", settings.scales, settings.speed_rad_s, on_close="hold")
    kinematics = Kinematics(description("so101"), STATION.joint_names)
    servos = LimpDxlServos(settings)
    arm = ServoArm(parts, servos, STATION.joint_names, STATION.control_hz, kinematics, RealClock())
    return Leader(arm, kinematics, SETTINGS, STATION.action, RealClock())


class TestDynamixelLeader(TeleopContract):
    """The hand is the torque of the virtual servos."""

    tick_s = 0.05

    @pytest.fixture(autouse=True)
    def on_the_bench(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """What :meth:`make` is wired to."""
        monkeypatch.setattr("drivers.servos.LET_DOWN_S", 0.1)
        self.bench, self._side = bench, 1

    def make(self) -> TeleopRig:
        """A person who turns the leader to and fro."""
        return TeleopRig(wired(self.bench), RealClock(), self._push, self._let_go, lambda: None)

    def _push(self) -> None:
        self._side = -self._side
        self._set("GOAL_PWM", 2, HALF_PWM)
        self._set("GOAL_POSITION", 4, 2047 + 300 * self._side)
        self._set("TORQUE_ENABLE", 1, 1)

    def _let_go(self) -> None:
        self._set("TORQUE_ENABLE", 1, 0)
        time.sleep(SETTINGS.hold_s + 0.5)

    def _set(self, name: str, size: int, value: int) -> None:
        self.bench.emulator.do("register", servo=0, name=name, size=size, value=value)


def test_connecting_takes_the_torque_away(bench: Bench) -> None:
    leader = wired(bench)
    assert all(bench.emulator.do("truth")["torque"])
    leader.connect()
    assert not any(bench.emulator.do("truth")["torque"])
    leader.close()
