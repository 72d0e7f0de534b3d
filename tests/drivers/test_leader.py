"""The leader arm: a real one on a virtual bus, moved as by a hand, and how its motion becomes the follower's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.feetech import SPEED_RAD_S
from drivers.leader import Leader, LeaderConfig, LimpStsServos
from drivers.servo_arm import ArmParts
from robolearn import config
from robolearn.contracts import ArmState, Float
from robolearn.errors import DeviceError
from tests.contract.fake_arm import SteppedClock
from tests.drivers.leader_rig import LeaderContract, kinematics, wired
from tests.drivers.so101_rig import TASK, Bench, so101_config, virtual_so101
from tests.sim.cells import STATION

SETTINGS = config.parse("bus: {driver: feetech}\n", LeaderConfig, "station")
TICK_S = 0.1
START_RAD = np.array([0.0, -0.38, 0.28, 1.50, 0.0])


class HandArm:
    """An arm without torque: it is where a person puts it."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock, self.joints, self.opening = clock, START_RAD.copy(), 0.5
        self.spec = None

    def connect(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def read(self) -> ArmState:
        """Where the person has put it."""
        nowhere = np.zeros(3)
        return ArmState(
            self.clock.now_ns(), self.joints.copy(), None, nowhere, np.zeros(4), self.opening, None, None
        )  # fmt: skip


@pytest.fixture
def hand() -> HandArm:
    return HandArm(SteppedClock())


def led(hand: HandArm) -> Leader:
    leader = Leader(hand, kinematics(), SETTINGS, STATION.action, hand.clock)  # type: ignore[arg-type]
    leader.connect()
    leader.begin(seed=0)
    leader.read()
    return leader


def tick(hand: HandArm) -> None:
    hand.clock.sleep_until(hand.clock.now_ns() + round(TICK_S * 1e9))


def moved(leader: Leader, hand: HandArm, ticks: int, put: Callable[[], None]) -> Float:
    """How far the follower is asked to go [m, rad] while ``put`` moves the leader a little at each tick."""
    total = np.zeros(4)
    scales = np.array([*[STATION.action.linear_speed_m_s] * 3, STATION.action.yaw_speed_rad_s]) * TICK_S
    for _ in range(ticks):
        put()
        tick(hand)
        total += leader.read().action[:4] * scales
    return total


def test_the_follower_goes_as_far_as_the_leader(hand: HandArm) -> None:
    leader, solver = led(hand), kinematics()
    start = solver.tool_position_base_m(hand.joints)

    def push() -> None:
        hand.joints += [0.03, 0.02, -0.01, 0.0, 0.0]

    total = moved(leader, hand, 10, push) + moved(leader, hand, 5, lambda: None)
    assert total[:3] == pytest.approx(solver.tool_position_base_m(hand.joints) - start, abs=0.002)


def test_turning_the_wrist_turns_the_tool(hand: HandArm) -> None:
    leader = led(hand)

    def turn() -> None:
        hand.joints[4] += 0.1

    total = moved(leader, hand, 5, turn)
    assert abs(total[3]) == pytest.approx(0.5, abs=0.05) and np.abs(total[:3]).max() < 0.01


def test_a_leader_that_is_torn_away_asks_for_full_speed_and_a_short_way(hand: HandArm) -> None:
    leader = led(hand)
    hand.joints += [0.8, 0.0, 0.0, 0.0, 0.0]
    tick(hand)
    reading = leader.read()
    assert np.abs(reading.action).max() <= 1.0
    total = moved(leader, hand, 5, lambda: None)
    assert np.linalg.norm(total[:3]) <= STATION.action.reference_lead_m + 1e-6


def test_held_still_it_is_let_go_and_a_tremor_does_not_take_it(hand: HandArm) -> None:
    leader = led(hand)
    rng = np.random.default_rng(0)

    def tremble() -> None:
        hand.joints = START_RAD + rng.normal(0.0, 0.0015, 5)

    moved(leader, hand, 20, tremble)
    assert not leader.read().engaged

    def push() -> None:
        hand.joints[0] += 0.05

    moved(leader, hand, 3, push)
    assert leader.read().engaged
    moved(leader, hand, 8, lambda: None)
    assert not leader.read().engaged


def test_the_gripper_stays_where_the_follower_has_it_until_the_leader_catches_it(hand: HandArm) -> None:
    leader = led(hand)
    leader.keep_gripper(-0.9)
    hand.opening = 0.9

    def gripper_while(opening: float) -> float:
        hand.joints[0] += 0.03
        hand.opening = opening
        tick(hand)
        return float(leader.read().action[4])

    assert [gripper_while(opening) for opening in (0.9, 0.6, 0.3)] == pytest.approx([-0.9] * 3)
    assert gripper_while(0.05) == pytest.approx(-0.9)
    assert gripper_while(0.5) == pytest.approx(0.0)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("leader")) as bench:
        yield bench


def leader_on(bench: Bench) -> Leader:
    """A leader on the virtual bus."""
    bench.emulator.heal()
    bench.emulator.do("reset", seed=0, task=TASK)
    settings = so101_config(bench.port)
    return wired(ArmParts("leader", settings.servos, SPEED_RAD_S, on_close="hold"), LimpStsServos(settings), SETTINGS)


class TestLeader(LeaderContract):
    """An SO-101 leader."""

    settings = SETTINGS

    def leader(self) -> Leader:
        """At its start pose."""
        return leader_on(self.bench)

    def turn_pan(self, goal: int) -> None:
        """With all its torque."""
        self.set("TORQUE_LIMIT", 2, 1000)
        self.set("GOAL_POSITION", 2, goal)


def test_connecting_takes_the_torque_away_and_an_unplugged_leader_comes_back(bench: Bench) -> None:
    leader = leader_on(bench)
    leader.connect()
    leader.begin(seed=0)
    leader.read()
    assert not any(bench.emulator.do("truth")["torque"])
    bench.emulator.do("faults", unplug=True)
    with pytest.raises(DeviceError, match="arm leader"):
        for _ in range(50):
            leader.read()
            time.sleep(0.02)
    bench.emulator.heal()
    deadline_s = time.monotonic() + 10
    while True:
        try:
            assert not leader.read().action.any()
            break
        except DeviceError:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
    leader.close()
