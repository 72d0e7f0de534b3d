"""The control program that ur-rtde uploads, as a command machine: it keeps that script's contract, natively.

The client writes a command number and arguments into input registers and reads progress from output registers.
What it may ask for is in ``COMMANDS``; anything else ends the program, so that the client is told of a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from robolearn.contracts import Float
from sim.wire.arm_body import Target
from sim.wire.ur.motion import JOINT_ACCELERATION_RAD_S2, Motion, Move, Servo, Speed
from sim.wire.ur.packets import Values
from sim.wire.ur.tool import Tool

READY, DONE = 1, 2
STOP_SCRIPT = 255
STEADY_RAD_S = 0.001


class Robot(Protocol):
    """What a program may do with the controller that runs it."""

    inputs: dict[str, Values]
    outputs: dict[str, Values]
    tool: Tool
    motion: Motion
    watchdog_s: float | None

    @property
    def target(self) -> Target:
        """Where the joints are sent now."""

    @property
    def moment_nm(self) -> Float:
        """Torques of the joints (6,)."""

    def end_program(self, reason: str) -> None:
        """The program is over; the joints come to rest."""

    def protective_stop(self, reason: str) -> None:
        """The safety system stops the arm."""


class Program:
    """One run of the control program."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self._taken = False  # the command in the register has been carried out
        self._waiting = False  # ... and its motion has not come to its end
        self._report("int", 2, 0)
        self._state(READY)

    def cycle(self) -> None:
        """Look at the command register once."""
        number = int(self._robot.inputs["input_int_register_0"][0])
        if self._waiting:
            self._finish()
        elif number in REAL_TIME:
            COMMANDS[number](self)
            self._state(READY)
        elif number == 0:
            self._taken = False
            self._state(READY)
        elif not self._taken:
            self._taken = True
            self._begin(number)

    def _begin(self, number: int) -> None:
        if number == STOP_SCRIPT:
            self._robot.end_program("stopped by its client")
            return
        if number not in COMMANDS:
            self._robot.end_program(f"command {number} is not emulated")
            return
        COMMANDS[number](self)
        if not self._waiting:
            self._state(DONE)

    def _finish(self) -> None:
        if self._robot.motion.done:
            self._waiting = False
            self._state(DONE)

    def _state(self, value: int) -> None:
        self._report("int", 0, value)

    def _report(self, kind: str, number: int, *values: float) -> None:
        for offset, value in enumerate(values):
            self._robot.outputs[f"output_{kind}_register_{number + offset}"] = (value,)

    def _number(self, at: int) -> float:
        return self._robot.inputs[f"input_double_register_{at}"][0]

    def _six(self, at: int = 0) -> Float:
        return np.array([self._number(at + offset) for offset in range(6)])

    def _flag(self, at: int) -> bool:
        return self._robot.inputs[f"input_int_register_{at}"][0] == 1

    def move_j(self) -> None:
        """1: to joints d0-5 at speed d6, acceleration d7; with i1 the client does not wait."""
        start = self._robot.target.position_rad
        self._robot.motion = Move(start, self._six(), self._number(6), self._number(7))
        self._waiting = not self._flag(1)

    def zero_force(self) -> None:
        """8."""
        self._robot.tool.zero()

    def speed_j(self) -> None:
        """9: joint speeds d0-5, acceleration d6, for d7 seconds or for ever."""
        self._robot.motion = Speed(self._six(), self._number(6), self._number(7) or np.inf)

    def servo_j(self) -> None:
        """11: after joints d0-5 with lookahead d9 and gain d10."""
        self._robot.motion = Servo(self._six(), self._number(9), self._number(10))

    def stop(self) -> None:
        """15, 16: to rest at d0. The script stops a servo with ``stopl``; here it is joint by joint."""
        self._robot.motion = Speed(np.zeros(6), min(self._number(0), JOINT_ACCELERATION_RAD_S2))
        self._waiting = True

    def stop_j(self) -> None:
        """34: as above; with i1 the client does not wait."""
        self.stop()
        self._waiting = not self._flag(1)

    def payload(self) -> None:
        """17: mass d0, centre of gravity d1-3; all zero keeps the old centre."""
        tool, centre = self._robot.tool, np.array([self._number(at) for at in (1, 2, 3)])
        tool.mass_kg = self._number(0)
        tool.centre_of_gravity_m = centre if centre.any() else tool.centre_of_gravity_m

    def tcp(self) -> None:
        """29: centre point of the tool d0-5 in the flange frame."""
        self._robot.tool.tcp_offset = self._six()

    def trip(self) -> None:
        """31."""
        self._robot.protective_stop("asked for by the program")

    def watchdog(self) -> None:
        """35: end the program if the command register is written less often than d0 times a second."""
        self._robot.watchdog_s = 1.0 / self._number(0)

    def torques(self) -> None:
        """38."""
        self._report("double", 0, *self._robot.moment_nm)

    def tcp_offset(self) -> None:
        """40."""
        self._report("double", 0, *self._robot.tool.tcp_offset)

    def steady(self) -> None:
        """47."""
        self._report("int", 1, int(bool(np.abs(self._robot.target.velocity_rad_s).max() < STEADY_RAD_S)))


COMMANDS: dict[int, Callable[[Program], None]] = {
    1: Program.move_j,
    8: Program.zero_force,
    9: Program.speed_j,
    11: Program.servo_j,
    15: Program.stop,
    16: Program.stop,
    17: Program.payload,
    29: Program.tcp,
    31: Program.trip,
    34: Program.stop_j,
    35: Program.watchdog,
    38: Program.torques,
    40: Program.tcp_offset,
    47: Program.steady,
}
REAL_TIME = frozenset({9, 11, 38})
