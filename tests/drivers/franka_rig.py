"""A virtual FR3 in a process of its own, and the driver that talks to it with the real client library."""

from __future__ import annotations

from drivers.clock import RealClock
from drivers.franka import FrankaArm, FrankaConfig
from drivers.franka_hand import FrankaHand, HandConfig
from drivers.gripped import GrippedArm
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from sim.wire.franka.body import JOINTS
from tests.drivers.emulators import Emulator
from tests.drivers.ur_rig import wait_until

CONTROL_HZ = 25.0
PATIENCE_S = "0.5"
SILENCE_S = 1.0
NS = 1_000_000_000


class RobotPace:
    """Implements ``Clock``: real time, but sleep lasts until the robot has had its time too, on a busy machine."""

    def __init__(self, robot: Emulator) -> None:
        self._robot, self._real = robot, RealClock()

    def now_ns(self) -> int:
        """Real time."""
        return self._real.now_ns()

    def sleep_until(self, stamp_ns: int) -> None:
        """Return when real time and the robot's own have gone on for so long."""
        lasts_s = (stamp_ns - self.now_ns()) / NS
        until_s = self._robot_time_s() + lasts_s
        self._real.sleep_until(stamp_ns)
        wait_until(lambda: self._robot_time_s() >= until_s)

    def _robot_time_s(self) -> float:
        return float(self._robot.do("status")["robot_time_s"])


def make_arm(host: str) -> FrankaArm:
    """The driver, with patience for a busy machine."""
    config = FrankaConfig(host, False, 60.0, 60.0, 0.0, (0.0, 0.0, 0.0), SILENCE_S)
    kinematics = Kinematics(description("fr3"), JOINTS)
    return FrankaArm(config, JOINTS, CONTROL_HZ, kinematics, RealClock())


def make_hand(host: str, speed_m_s: float = 0.05) -> FrankaHand:
    """The driver of the hand."""
    return FrankaHand(HandConfig(host, speed_m_s, 30.0, 2.0 * SILENCE_S))


def make_gripped(host: str, speed_m_s: float = 0.05) -> GrippedArm:
    """The arm with the hand on it."""
    arm = make_arm(host)
    return GrippedArm(arm, make_hand(host, speed_m_s), arm.clock)


def homed(host: str) -> None:
    """Let the hand find its ends, as after power-on."""
    hand = make_hand(host)
    hand.connect()
    assert "does not know its ends" in (hand.fault or "")
    hand.rearm()
    assert hand.fault is None
    hand.close()
