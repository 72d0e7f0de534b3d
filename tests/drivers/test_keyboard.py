"""The keyboard driver on real pseudo-terminals: in this process, and in a process that dies with one."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from drivers.keyboard import FINE, HOLD_S, Keyboard
from robolearn.actions import ACTION_NAMES
from robolearn.contracts import TeleopEvent
from robolearn.errors import BorderError, DeviceError
from tests.contract.fake_arm import SteppedClock
from tests.contract.teleop import TeleopContract, TeleopRig

NS = 1_000_000_000
LOCAL_FLAGS = 3
ROOT = Path(__file__).parents[2]


class Terminal(NamedTuple):
    """A person's end and the program's end of a pseudo-terminal, and the keyboard on it."""

    person: int
    program: int
    clock: SteppedClock
    keyboard: Keyboard

    def type(self, keys: str) -> None:
        """Press keys and let them arrive."""
        os.write(self.person, keys.encode())
        time.sleep(0.005)

    def action(self) -> list[float]:
        """Action of one reading."""
        return [float(value) for value in self.keyboard.read().action]

    def wait(self, seconds: float) -> None:
        """Let time pass on the clock."""
        self.clock.sleep_until(self.clock.now_ns() + round(seconds * NS))

    def echoes(self) -> bool:
        """True if the terminal is as a shell wants it: whole lines, echoed."""
        flags = termios.tcgetattr(self.program)[LOCAL_FLAGS]
        return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)


def open_terminal() -> Terminal:
    """A new pseudo-terminal with a keyboard that is not connected."""
    person, program = os.openpty()
    clock = SteppedClock()
    return Terminal(person, program, clock, Keyboard(clock, gripper=1.0, fileno=program))


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal with a connected keyboard."""
    opened = open_terminal()
    opened.keyboard.connect()
    yield opened
    opened.keyboard.close()
    os.close(opened.person)
    os.close(opened.program)


class TestKeyboardContract(TeleopContract):
    """The keyboard passes the kit."""

    def make(self) -> TeleopRig:
        """A keyboard on a pseudo-terminal; the person holds w and c."""
        opened = open_terminal()

        def close() -> None:
            os.close(opened.person)
            os.close(opened.program)

        return TeleopRig(
            opened.keyboard, opened.clock, lambda: opened.type("wc"), lambda: opened.wait(2 * HOLD_S), close
        )


@pytest.mark.parametrize(
    ("key", "axis", "value"),
    [
        ("w", "vx", 1.0),
        ("s", "vx", -1.0),
        ("a", "vy", 1.0),
        ("d", "vy", -1.0),
        ("r", "vz", 1.0),
        ("f", "vz", -1.0),
        ("q", "wz", 1.0),
        ("e", "wz", -1.0),
        ("W", "vx", FINE),
        ("F", "vz", -FINE),
    ],
)
def test_each_key_moves_its_axis_alone(terminal: Terminal, key: str, axis: str, value: float) -> None:
    terminal.type(key)
    expected = dict.fromkeys(ACTION_NAMES, 0.0) | {"gripper": 1.0, axis: value}
    assert dict(zip(ACTION_NAMES, terminal.action(), strict=True)) == expected


def test_a_key_counts_as_held_while_it_repeats_and_not_longer(terminal: Terminal) -> None:
    for _ in range(10):
        terminal.type("w")
        assert terminal.action()[0] == 1.0
        terminal.wait(0.1)
        assert terminal.action()[0] == 1.0
    terminal.wait(HOLD_S)
    reading = terminal.keyboard.read()
    assert not reading.engaged and not reading.action.any()


def test_two_keys_are_held_together_and_each_ends_by_itself(terminal: Terminal) -> None:
    terminal.type("w")
    terminal.action()
    terminal.wait(0.1)
    terminal.type("r")
    assert terminal.action()[:3] == [1.0, 0.0, 1.0]
    terminal.wait(0.1)
    assert terminal.action()[:3] == [0.0, 0.0, 1.0]


def test_of_two_opposite_keys_the_last_one_counts(terminal: Terminal) -> None:
    terminal.type("ws")
    assert terminal.action()[0] == -1.0


def test_the_gripper_target_stays_while_it_is_not_pressed(terminal: Terminal) -> None:
    terminal.type("c")
    assert terminal.action() == [0.0, 0.0, 0.0, 0.0, -1.0]
    terminal.wait(1.0)
    assert terminal.action() == [0.0] * 5
    terminal.type("w")
    assert terminal.action() == [1.0, 0.0, 0.0, 0.0, -1.0]
    terminal.type("o")
    assert terminal.action()[4] == 1.0


def test_a_new_episode_forgets_keys_events_and_the_gripper_target(terminal: Terminal) -> None:
    terminal.type("cw")
    terminal.action()
    terminal.type("yw")
    terminal.keyboard.begin(seed=3)
    reading = terminal.keyboard.read()
    assert not reading.engaged and reading.event is TeleopEvent.NONE
    terminal.type("w")
    assert terminal.action()[4] == 1.0


def test_events_come_one_a_reading_in_order_and_do_not_engage(terminal: Terminal) -> None:
    terminal.type("ynbx")
    readings = [terminal.keyboard.read() for _ in range(5)]
    assert [reading.event.value for reading in readings] == [
        "success",
        "failure",
        "rerecord",
        "abort",
        "none",
    ]
    assert not any(reading.engaged for reading in readings)


@pytest.mark.parametrize("sequence", ["\x1b[A", "\x1b[1;5D", "\x1bOB", "\x1b[3~", "\x1bw", "\x1b[15~\x1b[D"])
def test_arrow_and_function_keys_move_nothing(terminal: Terminal, sequence: str) -> None:
    terminal.type(sequence)
    assert not terminal.keyboard.read().engaged
    terminal.type("w")
    assert terminal.action()[0] == 1.0


def test_a_key_sequence_that_arrives_in_two_parts_moves_nothing(terminal: Terminal) -> None:
    terminal.type("\x1b[")
    assert not terminal.keyboard.read().engaged
    terminal.type("D")
    assert not terminal.keyboard.read().engaged


def test_a_lone_escape_does_not_swallow_a_later_abort(terminal: Terminal) -> None:
    terminal.type("\x1b")
    terminal.keyboard.read()
    terminal.keyboard.read()
    terminal.type("x")
    assert terminal.keyboard.read().event is TeleopEvent.ABORT


def test_noise_on_the_line_never_makes_an_invalid_action(terminal: Terminal) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        noise = rng.integers(32, 256, 40).astype(np.uint8).tobytes()
        os.write(terminal.person, noise)
        time.sleep(0.002)
        action = terminal.keyboard.read().action
        assert action.shape == (5,) and (np.abs(action) <= 1.0).all()


def test_connect_turns_echo_off_and_close_turns_it_on_again() -> None:
    opened = open_terminal()
    before = termios.tcgetattr(opened.program)
    assert opened.echoes()
    opened.keyboard.connect()
    assert not opened.echoes()
    opened.keyboard.close()
    assert termios.tcgetattr(opened.program) == before


def test_a_terminal_that_hangs_up_is_a_device_error(terminal: Terminal) -> None:
    person, program = os.openpty()
    keyboard = Keyboard(terminal.clock, 1.0, program)
    keyboard.connect()
    os.close(person)
    with pytest.raises(DeviceError, match="terminal is gone"):
        keyboard.read()
    keyboard.close()
    os.close(program)


@pytest.mark.parametrize("gripper", [1.5, -1.01, float("nan"), float("inf")])
def test_a_gripper_target_out_of_range_is_refused(gripper: float) -> None:
    with pytest.raises(BorderError, match="gripper"):
        Keyboard(SteppedClock(), gripper)


PROGRAM = """
import sys, time
from drivers.keyboard import Keyboard
from tests.contract.fake_arm import SteppedClock
keyboard = Keyboard(SteppedClock(), 1.0)
keyboard.connect()
print("ready", flush=True)
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    reading = keyboard.read()
    if reading.engaged:
        print("engaged", reading.action[0], flush=True)
        {end}
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("end", "status"), [("raise RuntimeError", 1), ("sys.exit(3)", 3), ("keyboard.close(); break", 0)]
)
def test_a_program_that_crashes_or_ends_leaves_the_terminal_as_it_was(end: str, status: int) -> None:
    person, program = os.openpty()
    before = termios.tcgetattr(program)
    command = [sys.executable, "-c", PROGRAM.format(end=end)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None and run.stdout.readline() == "ready\n"
        assert not termios.tcgetattr(program)[LOCAL_FLAGS] & termios.ECHO
        os.write(person, b"w")
        assert run.stdout.readline() == "engaged 1.0\n"
        assert run.wait(timeout=20) == status
    assert termios.tcgetattr(program) == before
    os.close(person)
    os.close(program)


def test_standard_input_that_is_no_terminal_is_a_plain_error_with_the_way_out() -> None:
    command = [sys.executable, "-c", PROGRAM.format(end="break")]
    run = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1 and "ready" not in run.stdout
    assert "DeviceError: keyboard: file 0 (0 is standard input) is not a terminal" in run.stderr
    assert "docker run -it" in run.stderr
