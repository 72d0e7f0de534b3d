"""An arm with a controller of its own, behind a library in a child process: what every driver of such arms shares."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from drivers.arm_commands import bounded
from drivers.child_link import START_S, ChildLink, Program
from robolearn.contracts import ArmCommand, ArmSpec, ArmState, Clock, Executed, Float
from robolearn.errors import DeviceError
from robolearn.limits import JOINT_SPEED

R = TypeVar("R")


class Controller(NamedTuple):
    """Where an arm's controller is, and how its silence is judged."""

    address: str  # with the port, as messages name it
    silence_s: float  # silent for longer, the link counts as lost
    no_answer: str  # what to look at if it does not answer


class LinkedArm(ABC, Generic[R]):
    """Implements ``Arm`` on readings of type R. ``clock`` must be the machine's monotonic clock, of which stamps are.

    A fault stays until a person re-arms. Nothing is ever repaired while armed."""

    def __init__(
        self, spec: ArmSpec, controller: Controller, program: Program, unpack: Callable[[bytes], R], clock: Clock
    ) -> None:
        self.clock = clock
        self._spec, self._controller, self._program, self._unpack = spec, controller, program, unpack
        self._lock = threading.Lock()
        self._link: ChildLink[R] | None = None
        self._fault: str | None = None
        self._target = np.zeros(len(spec.joint_names))

    @abstractmethod
    def _stands_against(self, reading: R) -> str | None:
        """What of the controller's state forbids motion, and the way out."""

    @abstractmethod
    def _can_release(self, reading: R) -> bool:
        """True if re-arming alone clears what stands against motion."""

    @abstractmethod
    def _is_ready(self, reading: R) -> bool:
        """True while the controller follows an armed child."""

    @abstractmethod
    def _state(self, reading: R) -> ArmState:
        """A reading as the contract has it."""

    @abstractmethod
    def _joints(self, reading: R) -> Float:
        """Joint angles of a reading [rad]."""

    @property
    def spec(self) -> ArmSpec:
        """Constant."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """Why the arm refuses to move, or None; kept until :meth:`rearm`."""
        link, controller = self._link, self._controller
        if link is not None and link.silence_s > controller.silence_s:
            words = f" ({link.failure})" if link.failure else ""
            fault = f"no word from the controller at {controller.address} for {controller.silence_s:g} s{words}"
            self._note(fault, link)
        return self._fault

    def connect(self) -> None:
        """Reach the controller, and make it ready to move unless something speaks against it.

        An arm that is stopped can be read, and has a fault. Raises DeviceError if the controller does not answer."""
        if self._link is not None:
            return
        link = ChildLink(self._program, self._unpack, self._on_reading)
        link.open()
        with ExitStack() as undo:
            undo.callback(link.close)
            self._wait_for_reading(link)
            trouble = self._stands_against(self._newest(link))
            if trouble is None:
                self._arm(link)
            else:
                self._note(trouble, link)
            undo.pop_all()
        self._link = link

    def close(self) -> None:
        """Bring the arm to rest and let go of the controller, which holds it."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def read(self) -> ArmState:
        """Newest reading, with the wrench turned into the tool's frame."""
        return self._state(self._newest(self._connected()))

    def command(self, command: ArmCommand) -> Executed:
        """Send a joint target on. A step beyond what the joints can do in one period is shortened."""
        link = self._connected()
        asked = bounded(self._spec, command, self.clock.now_ns())
        if self.fault is not None:
            raise self._refusal()
        target, clips = self._in_time(asked.target_rad)
        if not link.target(target.tolist()):
            self._note("the driver's child process does not take commands", link)
            raise self._refusal()
        self._target = target
        return Executed(ArmCommand(command.stamp_ns, command.mode, target.copy(), None), (*asked.clips, *clips))

    def stop(self, reason: str) -> None:
        """Brake to rest; refuse commands until :meth:`rearm`."""
        link = self._link
        self._note(reason, link)
        if link is not None:
            link.halt()

    def rearm(self) -> None:
        """Clear what stands against motion, make the controller ready where it is not, and accept commands.

        Raises DeviceError where a person must act first; the message says how."""
        link = self._connected()
        self._wait_for_reading(link)
        reading = self._newest(link)
        trouble = self._stands_against(reading)
        if trouble is not None and not self._can_release(reading):
            raise DeviceError(f"{self._spec.name}: {trouble}")
        if not link.armed or not self._is_ready(reading):
            self._arm(link)
        self._target = self._joints(self._newest(link))
        self._fault = None

    def _arm(self, link: ChildLink[R]) -> None:
        if not link.arm():
            reason = link.failure or "no answer"
            raise DeviceError(f"{self._spec.name}: the controller does not become ready to move: {reason}")
        self._target = self._joints(self._newest(link))

    def _on_reading(self, link: ChildLink[R], reading: R) -> None:
        trouble = self._stands_against(reading)
        if trouble is None and link.armed and not self._is_ready(reading):
            trouble = "the controller no longer follows the driver"
        if trouble is not None:
            self._note(trouble, link)

    def _note(self, fault: str, link: ChildLink[R] | None) -> None:
        """The first reason counts. The child hears of it: it may know of none, and go on to its last target."""
        with self._lock:
            is_first, self._fault = self._fault is None, self._fault or fault
        if is_first and link is not None:
            link.halt()

    def _refusal(self) -> DeviceError:
        return DeviceError(f"{self._spec.name}: stopped ({self._fault}); make it safe, then call rearm()")

    def _connected(self) -> ChildLink[R]:
        if self._link is None:
            raise DeviceError(f"{self._spec.name}: not connected; call connect() first")
        return self._link

    def _wait_for_reading(self, link: ChildLink[R]) -> None:
        if not link.wait_for_reading(START_S):
            controller = self._controller
            raise DeviceError(
                f"{self._spec.name}: no data from {controller.address} ({link.failure or 'no answer'}). "
                f"{controller.no_answer}"
            )

    def _newest(self, link: ChildLink[R]) -> R:
        reading = link.newest
        if reading is None:
            words = f" ({link.failure})" if link.failure else ""
            raise DeviceError(
                f"{self._spec.name}: no word from the controller at {self._controller.address}{words}; the driver "
                "keeps trying"
            )
        return reading

    def _in_time(self, inside_rad: Float) -> tuple[Float, tuple[str, ...]]:
        """As much of the step from the last target as the joints can do in one period."""
        spec = self._spec
        step = inside_rad - self._target
        periods = float((np.abs(step) / spec.joint_velocity_limit_rad_s).max()) * spec.control_hz
        return (inside_rad, ()) if periods <= 1.0 else (self._target + step / periods, (JOINT_SPEED,))
