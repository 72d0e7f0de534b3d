"""The virtual controller: power, safety, one program at a time, and the arm, in cycles of 2 ms. It knows no socket."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import IntEnum

import numpy as np

from robolearn.contracts import Float
from sim.wire.arm_body import Target
from sim.wire.ur import variables
from sim.wire.ur.body import Body
from sim.wire.ur.motion import CYCLE_S, JOINT_ACCELERATION_RAD_S2, Hold, Motion, Speed
from sim.wire.ur.packets import Values
from sim.wire.ur.program import Program
from sim.wire.ur.scripts import identify
from sim.wire.ur.tool import Tool

PROGRAM_STOP_RAD_S2 = 4.0
POLYSCOPE = (5, 15, 0, 0)
SERIAL_NUMBER = "20235500001"
CURRENT_A_PER_NM = 0.1  # of a joint; not published
JOINT_RUNNING, JOINT_OFF = 253, 239
log = logging.getLogger(__name__)


class RobotMode(IntEnum):
    """Power of the arm."""

    POWER_OFF = 3
    IDLE = 5  # power on, brakes engaged
    RUNNING = 7


class SafetyMode(IntEnum):
    """What the safety system says; each value but NORMAL stops the arm."""

    NORMAL = 1
    PROTECTIVE_STOP = 3
    ROBOT_EMERGENCY_STOP = 7

    @property
    def bits(self) -> int:
        """As ``safety_status_bits``: the mode's own bit, emergency stop (7), stopped by safety (10)."""
        if self is SafetyMode.NORMAL:
            return 1
        emergency = 1 << 6 | 1 << 7 if self is SafetyMode.ROBOT_EMERGENCY_STOP else 0
        return 1 << 10 | emergency | (1 << 2 if self is SafetyMode.PROTECTIVE_STOP else 0)


class Runtime(IntEnum):
    """State of the program."""

    STOPPED = 1
    PLAYING = 2


class Controller:
    """Call :meth:`cycle` every 2 ms; inputs are written and outputs read between cycles."""

    def __init__(self, body: Body, start_rad: Float) -> None:
        self.inputs = variables.blank(variables.INPUTS)
        self.outputs = variables.blank(variables.OUTPUTS)
        self.body = body
        self.tool = Tool(body)
        self.robot_mode = RobotMode.RUNNING
        self.safety_mode = SafetyMode.NORMAL
        self.motion: Motion = Hold()
        self.watchdog_s: float | None = None
        self._program: Program | None = None
        self._written_s = 0.0  # when the command register was last written
        self._now_s = 0.0
        body.place(start_rad)
        self._target = Target(start_rad, np.zeros(6))
        self._publish()

    @property
    def target(self) -> Target:
        """Where the joints are sent now."""
        return self._target

    @property
    def moment_nm(self) -> Float:
        """Torques of the joints (6,)."""
        return self.body.moment_nm

    @property
    def playing(self) -> bool:
        """True while a program runs."""
        return self._program is not None

    def cycle(self) -> None:
        """2 ms of program, safety and physics."""
        self._now_s += CYCLE_S
        if self._program is not None and self._silent():
            self.end_program("the command register was written too seldom: watchdog")
        if self._program is not None:
            self._program.cycle()
        self._target = self.motion.step(self._target)
        self.body.step(self._target)
        self._publish()

    def write(self, values: Mapping[str, Values]) -> None:
        """A client's data packet has come in."""
        self.inputs.update(values)
        if "input_int_register_0" in values:
            self._written_s = self._now_s

    def run_script(self, script: bytes) -> None:
        """Run a script if it is one that is known, and the arm can move; else only say so in the log."""
        known = identify(script)
        if known is None:
            log.warning("script of %d bytes refused: URScript is not interpreted, and this one is unknown", len(script))
        elif self.robot_mode is not RobotMode.RUNNING or self.safety_mode is not SafetyMode.NORMAL:
            log.warning("program refused: %s, %s", self.robot_mode.name, self.safety_mode.name)
        else:
            self.end_program("replaced by a new one")
            self._program, self.watchdog_s, self._written_s = Program(self), None, self._now_s
            log.info("control program of %s is running", known.client)

    def end_program(self, reason: str) -> None:
        """The program is over; the joints come to rest."""
        if self._program is not None:
            log.info("program ended: %s", reason)
        self._program = None
        self._brake(PROGRAM_STOP_RAD_S2)

    def protective_stop(self, reason: str) -> None:
        """The safety system stops the arm; power stays on."""
        if self.safety_mode is SafetyMode.NORMAL:
            log.warning("protective stop: %s", reason)
            self.safety_mode = SafetyMode.PROTECTIVE_STOP
            self._halt()

    def unlock_protective_stop(self) -> bool:
        """True if there was one to unlock. The program does not go on."""
        stopped = self.safety_mode is SafetyMode.PROTECTIVE_STOP
        if stopped:
            self.safety_mode = SafetyMode.NORMAL
        return stopped

    def emergency_stop(self, pressed: bool) -> None:
        """Press the button (the arm stops and loses power) or pull it out again (power stays off)."""
        if pressed:
            log.warning("emergency stop")
            self.safety_mode, self.robot_mode = SafetyMode.ROBOT_EMERGENCY_STOP, RobotMode.POWER_OFF
            self._halt()
        elif self.safety_mode is SafetyMode.ROBOT_EMERGENCY_STOP:
            self.safety_mode = SafetyMode.NORMAL

    def power(self, mode: RobotMode) -> bool:
        """Power off, on, or on with brakes released; False if the safety system forbids it."""
        if mode is not RobotMode.POWER_OFF and self.safety_mode is not SafetyMode.NORMAL:
            return False
        if mode is not RobotMode.RUNNING:
            self._halt()
        self.robot_mode = mode
        return True

    def _halt(self) -> None:
        self.end_program("stopped by the safety system or for want of power")
        self._brake(JOINT_ACCELERATION_RAD_S2)

    def _brake(self, deceleration_rad_s2: float) -> None:
        self.motion = Speed(np.zeros(6), deceleration_rad_s2)

    def _silent(self) -> bool:
        return self.watchdog_s is not None and self._now_s - self._written_s > self.watchdog_s

    def _publish(self) -> None:
        out, body = self.outputs, self.body
        moment, powered = body.moment_nm, self.robot_mode is not RobotMode.POWER_OFF
        tcp, twist, force = self.tool.pose_base(), self.tool.twist_base(), self.tool.force_base()
        for name, values in (
            ("target_q", self._target.position_rad), ("target_qd", self._target.velocity_rad_s),
            ("actual_q", body.position_rad), ("actual_qd", body.velocity_rad_s), ("target_moment", moment),
            ("actual_current", moment * CURRENT_A_PER_NM), ("actual_TCP_pose", tcp), ("actual_TCP_speed", twist),
            ("target_TCP_pose", tcp), ("target_TCP_speed", twist), ("actual_TCP_force", force),
            ("ft_raw_wrench", body.flange_wrench()), ("payload_cog", self.tool.centre_of_gravity_m),
        ):  # fmt: skip
            out[name] = tuple(values.tolist())
        out["timestamp"] = (self._now_s,)
        out["payload"] = (self.tool.mass_kg,)
        out["speed_scaling"] = out["target_speed_fraction"] = (1.0,)
        out["robot_mode"], out["safety_mode"] = (self.robot_mode.value,), (self.safety_mode.value,)
        out["safety_status_bits"] = (self.safety_mode.bits,)
        out["runtime_state"] = ((Runtime.PLAYING if self.playing else Runtime.STOPPED).value,)
        out["robot_status_bits"] = (int(powered) | int(self.playing) << 1,)
        out["joint_mode"] = (JOINT_RUNNING if powered else JOINT_OFF,) * 6
