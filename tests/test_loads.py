"""What an arm feels stops it or eases its gripper; a limit on what it does not feel is refused at the start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import ArmSpec, ArmState
from robolearn.errors import ConfigError, DeviceError
from robolearn.limits import NONE_MEASURED, Limits, Load
from robolearn.safety import Gate
from tests.contract.fake_arm import FakeArm, SteppedClock
from tests.gate_bench import WIDE, Bench

STIFFNESS = 4.0  # share of stall torque per unit of opening that the jaw is kept from
BLOCK = 0.5  # the jaw cannot close further than this: it holds something
FEELING = replace(WIDE, gripper_load=0.4, tool_force_n=20.0, tool_torque_nm=2.0)


class FeelingArm(FakeArm):
    """Measures its gripper's load, and a wrench that the test sets; its jaw is blocked by what it holds."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__(clock)
        self.spec: ArmSpec = replace(self.spec, has_wrench=True)
        self.wrench: np.ndarray | None = np.zeros(6)

    def read(self) -> ArmState:
        """The state with loads."""
        opening = max(self._opening, BLOCK)
        load = -STIFFNESS * (opening - self._opening_target)
        return super().read()._replace(gripper_opening=opening, gripper_load=load, wrench_tool=self.wrench)


class FeelingBench(Bench):
    """A gate over an arm that feels."""

    def __init__(self, limits: Limits) -> None:
        self.clock = SteppedClock()
        self.arm = self.feeling = FeelingArm(self.clock)
        self.gate = Gate(self.arm, limits, self.arm.kinematics, self.clock)
        self.gate.connect()
        self.start = self.arm.read().joint_position_rad


@pytest.mark.parametrize(("name", "limit"), [("gripper_load", 0.5), ("tool_force_n", 20.0), ("tool_torque_nm", 2.0)])
def test_a_limit_on_what_the_arm_does_not_measure_is_refused_by_name(name: str, limit: float) -> None:
    with pytest.raises(ConfigError, match=f"limits.{name} is {limit}.*does not measure.*{NONE_MEASURED}"):
        Bench(replace(WIDE, **{name: limit}))


@pytest.mark.parametrize("name", ["gripper_load", "tool_force_n", "tool_torque_nm"])
def test_what_the_arm_measures_cannot_be_declared_as_not_measured(name: str) -> None:
    unstated: dict[str, Load] = {name: NONE_MEASURED}
    with pytest.raises(ConfigError, match=f"limits.{name} is none_measured, but the arm measures it"):
        FeelingBench(replace(FEELING, **unstated))


@pytest.mark.parametrize(
    ("wrench", "named"),
    [([0, 15, 15, 0, 0, 0], "tool_force_n: 21.2"), ([0, 0, 0, 0, 0, -3], "tool_torque_nm: 3"), ([np.nan] * 6, "nan")],
    ids=["force", "torque", "nonsense"],
)
def test_too_much_at_the_tool_stops_the_arm_until_it_is_rearmed(wrench: list[float], named: str) -> None:
    bench = FeelingBench(FEELING)
    bench.send(bench.start + 0.002)
    sent = len(bench.arm.sent)
    bench.feeling.wrench = np.array(wrench, float)
    for _ in range(2):
        with pytest.raises(DeviceError, match=named):
            bench.send(bench.start + 0.004)
    assert len(bench.arm.sent) == sent and named in str(bench.arm.fault)
    bench.feeling.wrench = np.zeros(6)
    with pytest.raises(DeviceError, match="rearm"):
        bench.send(bench.start + 0.004)
    bench.gate.rearm()
    assert bench.send(bench.start + 0.004).clips == ()


def test_a_wrench_that_is_not_measured_any_more_stops_the_arm() -> None:
    bench = FeelingBench(FEELING)
    bench.feeling.wrench = None
    with pytest.raises(DeviceError, match="tool_force_n is limited, but not measured any more"):
        bench.send(bench.start)


def test_a_gripper_that_squeezes_too_hard_is_eased_to_its_limit_and_may_open() -> None:
    bench = FeelingBench(FEELING)
    loads, clips = [], []
    for _ in range(60):
        executed = bench.send(bench.start, 0.0)
        clips.append(executed.clips)
        loads.append(abs(bench.gate.read().gripper_load or 0.0))
    assert ("gripper_load",) in clips
    assert max(loads[20:]) <= 0.4 * 1.05 and min(loads[20:]) > 0.2
    for _ in range(60):
        bench.send(bench.start, 0.9)
        bench.gate.read()
    assert bench.gate.read().gripper_opening == pytest.approx(0.9, abs=0.01)
