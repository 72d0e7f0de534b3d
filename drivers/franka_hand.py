"""The Franka Hand, by franky in a child process of its own: ``driver: gripped`` joins it to the arm."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated

from drivers.child_link import START_S, ChildLink, Program
from drivers.franka import require_franky
from drivers.franka_words import HandReading, HandSettings
from robolearn.config import Key, Limit, Section
from robolearn.errors import DeviceError

STROKE_M = 0.08  # of a hand that does not know its ends yet
STEP = 0.02  # a goal nearer than this to the last one is the same: each new goal interrupts the hand


@dataclass(frozen=True)
class HandConfig:
    """The gripper's section in a station's file."""

    host: Annotated[str, Key("address of the robot's controller")]
    speed_m_s: Annotated[float, Limit("of each finger", low=0.01, high=0.05)]
    force_n: Annotated[float, Limit("with which it grasps", low=1.0, high=70.0)]
    silence_s: Annotated[float, Limit("a hand silent for longer is a lost link", low=0.1, high=2.0)]


def gripper(section: Section) -> FrankaHand:
    """The hand of a station, not connected yet. Raises ConfigError."""
    config = section.read(HandConfig)
    require_franky()
    return FrankaHand(config)


class FrankaHand:
    """Implements ``drivers.gripped.Gripper``. An opening of nothing grasps what there is; any other is a width."""

    def __init__(self, config: HandConfig) -> None:
        self._config = config
        self._name = f"hand at {config.host}:1338"
        settings = HandSettings(config.host, config.speed_m_s, config.force_n)
        self._program = Program("drivers.franka_hand_child", settings.to_json())
        self._link: ChildLink[HandReading] | None = None
        self._goal: float | None = None
        self._fault: str | None = None

    @property
    def fault(self) -> str | None:
        """Why it refuses to move, or None; kept until :meth:`rearm`."""
        link = self._link
        if link is not None and link.silence_s > self._config.silence_s:
            words = f" ({link.failure})" if link.failure else ""
            self._note(f"{self._name}: no word for {self._config.silence_s:g} s{words}")
        return self._fault

    def connect(self) -> None:
        """Reach the hand. One that was never homed can be read, and has a fault. Raises DeviceError."""
        if self._link is not None:
            return
        link = ChildLink(self._program, HandReading.unpack, lambda link, reading: None)
        link.open()
        with ExitStack() as undo:
            undo.callback(link.close)
            reading = self._first(link)
            if reading.greatest_width_m <= 0.0:
                self._note(f"{self._name}: it does not know its ends; rearm moves its fingers")
            elif not link.arm():
                raise DeviceError(f"{self._name}: not ready: {link.failure or 'no answer'}")
            undo.pop_all()
        self._link = link

    def close(self) -> None:
        """Let go of the link; the hand keeps its grip."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def opening(self) -> float:
        """0 closed .. 1 open, of its greatest width."""
        link = self._connected()
        reading = link.newest
        if reading is None or link.silence_s > self._config.silence_s:
            raise DeviceError(f"{self._name}: no word ({link.failure or 'no answer'}); the driver keeps trying")
        return min(1.0, max(0.0, reading.width_m / (reading.greatest_width_m or STROKE_M)))

    def move(self, opening: float) -> None:
        """To an opening; the child sends it on."""
        link = self._connected()
        if self.fault is not None:
            raise DeviceError(f"{self._name}: stopped ({self._fault}); make it safe, then call rearm()")
        is_end = opening in (0.0, 1.0)
        if self._goal is not None and (opening == self._goal or (not is_end and abs(opening - self._goal) < STEP)):
            return
        if not link.target([opening]):
            self._note(f"{self._name}: the driver's child process does not take commands")
            raise DeviceError(f"{self._name}: stopped ({self._fault}); make it safe, then call rearm()")
        self._goal = opening

    def stop(self, reason: str) -> None:
        """Stay where it is; what is gripped stays gripped."""
        self._note(reason)
        self._goal = None
        if self._link is not None:
            self._link.halt()

    def rearm(self) -> None:
        """Home the hand if it does not know its ends (the fingers move), and accept goals. Raises DeviceError."""
        link = self._connected()
        self._first(link)
        if not link.armed and not link.arm():
            raise DeviceError(f"{self._name}: not ready: {link.failure or 'no answer'}")
        self._goal = self._fault = None

    def _first(self, link: ChildLink[HandReading]) -> HandReading:
        reading = link.newest if link.wait_for_reading(START_S) else None
        if reading is None:
            raise DeviceError(
                f"{self._name}: no data ({link.failure or 'no answer'}). Is the hand set as end effector in Desk, and "
                "FCI activated?"
            )
        return reading

    def _note(self, fault: str) -> None:
        self._fault = self._fault or fault

    def _connected(self) -> ChildLink[HandReading]:
        if self._link is None:
            raise DeviceError(f"{self._name}: not connected; call connect() first")
        return self._link
