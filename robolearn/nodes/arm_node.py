"""The arm of a station on the graph. If commands fall silent, it holds still by itself, whoever sent them."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from robolearn.descriptions import description
from robolearn.errors import BorderError, DeviceError
from robolearn.kinematics import Kinematics
from robolearn.nodes.arm_server import ArmServer
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.base import run
from robolearn.nodes.cell import real_cell
from robolearn.nodes.device import DeviceNode, told_by
from robolearn.nodes.stamps import NS
from robolearn.true_zeros import with_true_zeros


class ArmNode(DeviceNode):
    """Reads the arm at the station's control rate, and sends on what is commanded."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("arm_node")
        station, world = real_cell(self)
        (self._arm,) = world.arms.values()
        self._watchdog_ns = round(station.limits.watchdog_s * NS)
        kinematics = Kinematics(description(station.description), station.joint_names)
        true_arm = with_true_zeros(self._arm, station.name, station.calibration, kinematics)
        self._server = ArmServer(self, true_arm, TimeKind.MONOTONIC)
        self.every(1.0 / station.control_hz, self._tick)

    def open_device(self) -> None:
        """Raises DeviceError and BorderError."""
        self._arm.connect()

    def hold_device(self) -> None:
        """Hold still; an arm that cannot be told to has a watchdog of its own."""
        try:
            self._server.hold()
        except (BorderError, DeviceError) as error:
            self.health.error(str(error))

    def state(self) -> Mapping[str, object]:
        """Also what the arm tells of itself."""
        return {**super().state(), **(told_by(self._arm) if self.active else {})}

    def close_device(self) -> None:
        """Let go of the arm."""
        self._arm.close()

    def _tick(self) -> None:
        if not self.active:
            return
        now_ns = self.now_ns()
        try:
            self._server.hold_if_silent(now_ns, self._watchdog_ns)
            self._server.publish(now_ns)
            self.works()
        except (BorderError, DeviceError) as error:
            self.fails(error)


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(ArmNode)


if __name__ == "__main__":
    sys.exit(main())
