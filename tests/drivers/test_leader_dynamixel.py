"""The leader arm of Dynamixels keeps the rules of a teleoperation device, on a virtual bus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.dynamixel_setup import DynamixelConfig, DynamixelServo
from drivers.leader import Leader, LeaderConfig, LimpDxlServos
from drivers.servo_arm import ArmParts
from robolearn import config
from tests.drivers.leader_rig import LeaderContract, wired
from tests.drivers.so101_rig import SCALES, Bench, virtual_so101

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


def leader_on(bench: Bench) -> Leader:
    """A leader on the virtual bus, at its start pose."""
    bench.restore()
    settings = DynamixelConfig("koch_leader", str(bench.port), SERVOS, "hold", 4.7, 0.05, patience_s=PATIENCE_S)
    parts = ArmParts("leader", settings.scales, settings.speed_rad_s, on_close="hold")
    return wired(parts, LimpDxlServos(settings), SETTINGS)


class TestDynamixelLeader(LeaderContract):
    """A leader of Dynamixels."""

    settings = SETTINGS

    def leader(self) -> Leader:
        """At its start pose."""
        return leader_on(self.bench)

    def turn_pan(self, goal: int) -> None:
        """With half its torque."""
        self.set("GOAL_PWM", 2, HALF_PWM)
        self.set("GOAL_POSITION", 4, goal)


def test_connecting_takes_the_torque_away(bench: Bench) -> None:
    leader = leader_on(bench)
    assert all(bench.emulator.do("truth")["torque"])
    leader.connect()
    assert not any(bench.emulator.do("truth")["torque"])
    leader.close()
