"""``python -m tests.drivers.leaping_program MAKE PORT SIGNAL``: a program that ends or stops as its arm leaps."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from robolearn.contracts import ArmCommand, CommandMode
from tests.drivers.koch_rig import koch_arm
from tests.drivers.so101_rig import ask_for, so101_arm, so101_config

LEAP_RAD = 1.5  # of the first joint: servos take half a second for it
MAKES = {"dynamixel": koch_arm, "so101": lambda port: so101_arm(so101_config(port))}
CALM_S, PERIOD_S = 5.0, 0.02  # until its keeper has long been there, on any machine


def main(make: str, port: str, number: str) -> None:
    """Says when it is calm; goes on with readings alone if it was stopped, and says each."""
    arm = MAKES[make](Path(port))
    arm.connect()
    here, until_s = arm.read().joint_position_rad, time.monotonic() + CALM_S
    say("calm")
    while time.monotonic() < until_s:
        ask_for(arm, here)
        time.sleep(PERIOD_S)
    leap = here + LEAP_RAD * np.eye(len(here))[0]
    arm.command(ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, leap, 1.0))
    os.kill(os.getpid(), signal.Signals[number])
    while True:
        say(arm.read().joint_position_rad[0])
        time.sleep(PERIOD_S)


def say(word: object) -> None:
    """One line."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
