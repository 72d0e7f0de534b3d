"""A person at a terminal drives the arm and labels episodes, with no device but the keyboard."""

from __future__ import annotations

import atexit
import os
import re
import select
import termios
import tty
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from drivers.table import Cell
from robolearn.actions import ACTION_NAMES, GRIPPER
from robolearn.config import Key, Section
from robolearn.contracts import Arm, Clock, TeleopEvent, TeleopReading
from robolearn.errors import BorderError, DeviceError

STANDARD_INPUT = 0
HOLD_S = 0.15  # outlasts the gap between two repeats of a held key; a tap moves the arm for as long
FINE = 0.25  # share of full speed with shift

MOTIONS: Mapping[str, tuple[int, float]] = {
    "w": (0, 1.0),
    "s": (0, -1.0),
    "a": (1, 1.0),
    "d": (1, -1.0),
    "r": (2, 1.0),
    "f": (2, -1.0),
    "q": (3, 1.0),
    "e": (3, -1.0),
}
GRIPS: Mapping[str, float] = {"o": 1.0, "c": -1.0}
EVENTS: Mapping[str, TeleopEvent] = {
    "y": TeleopEvent.SUCCESS,
    "n": TeleopEvent.FAILURE,
    "b": TeleopEvent.RERECORD,
    "x": TeleopEvent.ABORT,
}
HELP = (
    "w/s forward/back   a/d left/right   r/f up/down   q/e turn left/right   shift: slowly\n"
    "o/c open/close the gripper   y success   n failure   b record again   x abort"
)

# Arrow and function keys arrive as several bytes, some of them letters that would move the arm.
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\[O])", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")


@dataclass(frozen=True)
class KeyboardConfig:
    """How the person starts."""

    gripper: Annotated[float, Key("gripper at the start of each episode: -1 closed .. 1 open", low=-1.0, high=1.0)]


class Keyboard:
    """Implements ``Teleop`` on a terminal. Actions are named by ``ACTION_NAMES``, with values in [-1, 1].

    A terminal reports no key release: a motion key counts as held until its repeats stop for ``HOLD_S``.
    ``gripper`` is a target, -1 closed .. 1 open, and keeps its last value while the person drives."""

    def __init__(self, clock: Clock, gripper: float, fileno: int = STANDARD_INPUT) -> None:
        """``gripper`` is the target at the start of each episode; ``fileno`` the terminal.

        Raises BorderError if ``gripper`` is outside [-1, 1]."""
        if not -1.0 <= gripper <= 1.0:
            raise BorderError(f"keyboard: gripper must be from -1 (closed) to 1 (open), got {gripper}")
        self._clock = clock
        self._fileno = fileno
        self._start_gripper = gripper
        self._before: list[Any] | None = None  # terminal settings to restore while connected
        self._held: dict[int, tuple[float, int]] = {}  # axis: value, and until when [ns] it counts as held
        self._events: deque[TeleopEvent] = deque()
        self._forget()

    @property
    def action_names(self) -> tuple[str, ...]:
        """Constant."""
        return ACTION_NAMES

    def connect(self) -> None:
        """Read keys one by one and unseen; :meth:`close`, or the end of Python, restores the terminal.

        Raises DeviceError if there is no terminal."""
        if self._before is not None:
            return
        if not os.isatty(self._fileno):
            raise DeviceError(
                f"keyboard: file {self._fileno} (0 is standard input) is not a terminal: no key can be read. "
                "Start the command in a terminal, without a pipe or '<' (in a container: docker run -it), "
                "or choose another teleoperation device."
            )
        self._before = termios.tcgetattr(self._fileno)
        atexit.register(self.close)
        tty.setcbreak(self._fileno)
        self._forget()

    def close(self) -> None:
        """Restore the terminal; may be called twice, and before connect."""
        if self._before is None:
            return
        before, self._before = self._before, None
        atexit.unregister(self.close)
        if os.isatty(self._fileno):
            termios.tcsetattr(self._fileno, termios.TCSADRAIN, before)

    def keep_gripper(self, value: float) -> None:
        """The gripper is commanded to ``value`` in [-1, 1] by somebody else: a takeover starts from there."""
        self._gripper = value

    def begin(self, seed: int) -> None:
        """An episode starts: keys pressed before it do not count, and the gripper target starts anew."""
        if self._before is not None:
            termios.tcflush(self._fileno, termios.TCIFLUSH)
        self._forget()

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if not connected or the terminal is gone."""
        if self._before is None:
            raise DeviceError("keyboard: not connected; call connect() first")
        now_ns = self._clock.now_ns()
        for key in self._keys():
            self._press(key, now_ns)
        self._held = {axis: held for axis, held in self._held.items() if now_ns < held[1]}
        action = np.zeros(len(ACTION_NAMES), np.float32)
        if self._held:
            for axis, (value, _) in self._held.items():
                action[axis] = value
            action[GRIPPER] = self._gripper
        event = self._events.popleft() if self._events else TeleopEvent.NONE
        return TeleopReading(now_ns, bool(self._held), action, event)

    def _forget(self) -> None:
        self._held.clear()
        self._events.clear()
        self._gripper = self._start_gripper
        self._unfinished = b""

    def _press(self, key: str, now_ns: int) -> None:
        lower, until_ns = key.lower(), now_ns + round(HOLD_S * 1e9)
        if lower in MOTIONS:
            axis, value = MOTIONS[lower]
            self._held[axis] = (value if key == lower else value * FINE, until_ns)
        elif lower in GRIPS:
            self._gripper = GRIPS[lower]
            self._held[GRIPPER] = (self._gripper, until_ns)
        elif lower in EVENTS:
            self._events.append(EVENTS[lower])

    def _keys(self) -> str:
        """All keys pressed since the last call, without the sequences of arrow and function keys."""
        received = self._received()
        data = _ESCAPE.sub(b"", self._unfinished + received if received else b"")
        cut = _UNFINISHED.search(data)
        self._unfinished = b"" if cut is None else cut.group()
        return data[: len(data) - len(self._unfinished)].decode("ascii", errors="ignore")

    def _received(self) -> bytes:
        """What the terminal holds now; empty if nothing."""
        if not select.select([self._fileno], [], [], 0.0)[0]:
            return b""
        try:
            data = os.read(self._fileno, 4096)
        except OSError as error:
            raise DeviceError(f"keyboard: the terminal is gone ({error.strerror})") from error
        if not data:
            raise DeviceError("keyboard: the terminal is gone (end of input)")
        return data


def teleop(section: Section, cell: Cell, arm: Arm) -> Keyboard:
    """The keyboard of the terminal that the command was started in."""
    return Keyboard(cell.clock, section.read(KeyboardConfig).gripper)
