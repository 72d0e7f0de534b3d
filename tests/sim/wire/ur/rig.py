"""A controller without sockets, stepped by hand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from robolearn.descriptions import description
from sim.wire.ur import scripts
from sim.wire.ur.body import Body
from sim.wire.ur.controller import Controller
from sim.wire.ur.scripts import Known

START_RAD = np.array([0.0, -1.57, 1.57, -1.57, -1.57, 0.0])
SCRIPT = b"def known_to_this_test():\nend\n"


class Rig:
    """A running controller and a client that writes registers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(scripts.KNOWN, hashlib.sha256(SCRIPT).hexdigest(), Known("a test", "any"))
        self.controller = Controller(Body(description("ur5e_2f85")), START_RAD)

    def run(self, cycles: int = 1) -> None:
        """Let time pass."""
        for _ in range(cycles):
            self.controller.cycle()

    def start(self) -> None:
        """Upload a known script."""
        self.send(0)
        self.controller.run_script(SCRIPT)
        self.run()

    def send(self, number: int, *arguments: float, flag: int = 0) -> None:
        """Write a command and let one cycle pass."""
        values = {f"input_double_register_{at}": (value,) for at, value in enumerate(arguments)}
        self.controller.write({"input_int_register_0": (number,), "input_int_register_1": (flag,), **values})
        self.run()

    @property
    def state(self) -> int:
        """1 ready, 2 done."""
        return int(self.controller.outputs["output_int_register_0"][0])

    def joint(self, number: int = 0) -> float:
        """Angle of a joint from where the arm started [rad]."""
        return float(self.controller.body.position_rad[number] - START_RAD[number])
