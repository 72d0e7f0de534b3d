"""How a station describes an SO-101 or SO-100: its port, its servos, and what becomes of the torque at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from calibration.joints import ServoScale
from drivers.servo_arm import OnClose
from robolearn.config import Key
from robolearn.errors import ConfigError

BAUDS = (1_000_000, 500_000, 250_000, 115_200)


@dataclass(frozen=True)
class FeetechConfig:
    """An arm of STS servos on one serial bus. Servo scales are as SO-101 tools keep them."""

    port: Annotated[str, Key("serial port, best by its id: /dev/serial/by-id/...")]
    servos: Annotated[Mapping[str, ServoScale], Key("joints and 'gripper': scale of each servo")]
    on_close: Annotated[OnClose, Key("hold: the arm stays where it is; release: it is let down slowly")]
    gripper_torque: Annotated[float, Key("most torque of the gripper, share of stall torque", low=0.05, high=1.0)]
    joint_torque: Annotated[
        float,
        Key("the same of the other joints; beyond 0.8, one that presses gives way", low=0.05, high=1.0),
    ] = 0.75
    baud: Annotated[int, Key("bits per second")] = BAUDS[0]
    patience_s: Annotated[
        float, Key("what an answer may take beyond wire time [s]; 0.02 for FTDI adapters", low=0.001, high=0.2)
    ] = 0.008
    model: Annotated[int, Key("model number of every servo (777: STS3215)", low=0, high=65535)] = 777
    stiffness: Annotated[int, Key("proportional gain of the servos", low=1, high=64)] = 16

    def __post_init__(self) -> None:
        """Raise ConfigError for a servo id that is there twice, or an unknown baud rate."""
        ids = [scale.id for scale in self.servos.values()]
        double = sorted({one for one in ids if ids.count(one) > 1})
        if double:
            raise ConfigError(f"servos: the id {double[0]} is there twice; every servo needs an id of its own")
        if self.baud not in BAUDS:
            raise ConfigError(f"baud {self.baud} is not one of {', '.join(map(str, BAUDS))}")
