"""Controls of a virtual webcam, and what they do to its pictures. Ranges are those of a common USB camera."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from robolearn.contracts import Image

LIT_EXPOSURE = 150  # [0.1 ms] at which pictures are as bright as the twin renders them
FIRST_IMAGE_CONTROL, FIRST_CAMERA_CONTROL = 0x0098_0900, 0x009A_0900  # V4L2_CID_BASE, V4L2_CID_CAMERA_CLASS_BASE


class Kind(IntEnum):
    """``V4L2_CTRL_TYPE_*``."""

    INTEGER = 1
    BOOLEAN = 2
    MENU = 3


class Control(NamedTuple):
    """One that a camera has; ``items`` are those of a menu."""

    id: int
    name: str
    kind: Kind
    low: int
    high: int
    step: int
    default: int
    items: dict[int, str] | None = None


BRIGHTNESS = Control(FIRST_IMAGE_CONTROL, "Brightness", Kind.INTEGER, 0, 255, 1, 128)
AUTO_WHITE = Control(FIRST_IMAGE_CONTROL + 12, "White Balance, Automatic", Kind.BOOLEAN, 0, 1, 1, 1)
GAIN = Control(FIRST_IMAGE_CONTROL + 19, "Gain", Kind.INTEGER, 0, 255, 1, 0)
WHITE = Control(FIRST_IMAGE_CONTROL + 26, "White Balance Temperature", Kind.INTEGER, 2000, 6500, 1, 4000)
AUTO_EXPOSURE = Control(
    FIRST_CAMERA_CONTROL + 1, "Auto Exposure", Kind.MENU, 0, 3, 1, 3, {1: "Manual Mode", 3: "Aperture Priority Mode"}
)
EXPOSURE = Control(FIRST_CAMERA_CONTROL + 2, "Exposure Time, Absolute", Kind.INTEGER, 3, 2047, 1, 250)
FOCUS = Control(FIRST_CAMERA_CONTROL + 10, "Focus, Absolute", Kind.INTEGER, 0, 250, 5, 0)
AUTO_FOCUS = Control(FIRST_CAMERA_CONTROL + 12, "Focus, Automatic Continuous", Kind.BOOLEAN, 0, 1, 1, 1)
MANUAL = 1  # of AUTO_EXPOSURE
CONTROLS = {
    control.id: control for control in (BRIGHTNESS, AUTO_WHITE, GAIN, WHITE, AUTO_EXPOSURE, EXPOSURE, FOCUS, AUTO_FOCUS)
}
LOCKED_BY = {WHITE.id: (AUTO_WHITE.id, 0), EXPOSURE.id: (AUTO_EXPOSURE.id, MANUAL), FOCUS.id: (AUTO_FOCUS.id, 0)}


class Controls:
    """Values of all controls, as the power comes on."""

    def __init__(self) -> None:
        self._values = {control.id: control.default for control in CONTROLS.values()}

    def __getitem__(self, number: int) -> int:
        """Value of a control. Raises KeyError if there is none."""
        return self._values[number]

    def is_active(self, number: int) -> bool:
        """False while an automatic holds it."""
        master, manual = LOCKED_BY.get(number, (None, 0))
        return master is None or self._values[master] == manual

    def set(self, number: int, value: int) -> int:
        """The value that is kept: the nearest that the control can have. Raises KeyError if there is none,
        ValueError for what a menu has not, PermissionError while an automatic holds it."""
        control = CONTROLS[number]
        if control.items is not None and value not in control.items:
            raise ValueError(f"{control.name} has no item {value}")
        if not self.is_active(number):
            raise PermissionError(f"{control.name} is held by its automatic")
        steps = round((min(max(value, control.low), control.high) - control.low) / control.step)
        self._values[number] = control.low + steps * control.step
        return self._values[number]

    def seen(self, rgb: Image) -> Image:
        """A picture of the twin under the exposure that is set; an automatic one finds the right one."""
        if self._values[AUTO_EXPOSURE.id] != MANUAL:
            return rgb
        brighter = self._values[EXPOSURE.id] / LIT_EXPOSURE
        return rgb if brighter == 1.0 else np.clip(rgb * brighter, 0, 255).astype(np.uint8)
