"""STS servos that a person moves by hand while their scales are taken."""

from __future__ import annotations

from collections.abc import Mapping

from drivers import feetech_setup
from drivers.feetech import StsServos


class StsByHand(StsServos):
    """Servos whose scales are not known yet: of those of their settings only the ids count."""

    def let_go(self) -> None:
        """Take the torque away over two seconds. Raises DeviceError; nothing has changed if a servo is not there."""
        feetech_setup.read_all(self._bus, self._config)
        self.let_down()

    def home(self) -> Mapping[str, int]:
        """Have each servo read the middle of its scale where it stands. Returns homing offsets [steps] by name.

        Raises DeviceError."""
        return feetech_setup.home(self._bus, self._config)

    def positions_steps(self) -> Mapping[str, int]:
        """Where the servos are now, by name, those that answered well. Raises LinkLost."""
        names = {scale.id: name for name, scale in self._config.servos.items()}
        return {names[servo]: reading.position_steps for servo, reading in self.look(list(names)).items()}
