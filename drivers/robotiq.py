"""A Robotiq 2F gripper behind any wire: activation, motion and faults, in a thread that keeps the wire busy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, NamedTuple, Protocol

from robolearn.config import Key, Limit
from robolearn.errors import DeviceError

POLL_S = 0.02
OLD_S = 0.5  # a reading older than this is no reading
RETRY_S = 0.5
ACTIVATION_S = 10.0
RESET_S = 2.0
ACTIVE = 3
FAULTS = {
    0x05: "action delayed until activated", 0x07: "not activated", 0x08: "too hot", 0x09: "no communication for 1 s",
    0x0A: "voltage too low", 0x0B: "automatic release in progress", 0x0C: "internal fault",
    0x0D: "activation fault: look for something in its way", 0x0E: "overcurrent", 0x0F: "automatic release done",
}  # fmt: skip
Count = Annotated[int, Key("reading of the gripper at this end", low=0, high=255)]
Share = Annotated[float, Limit("share of the gripper's own range", low=0.0, high=1.0)]


class Status(NamedTuple):
    """What the gripper says of itself."""

    status: int  # 0 reset, 1 activating, 3 active
    fault: int  # 0 none
    position: int  # 0 .. 255, rising as it closes


class Wire(Protocol):
    """One way to reach the registers. Every method may raise DeviceError: then the wire is opened anew."""

    name: str

    def open(self) -> None:
        """Reach the device."""

    def close(self) -> None:
        """Let go of it; may be called twice, and before open."""

    def status(self) -> Status:
        """Read."""

    def activate(self, on: bool) -> None:
        """Set or clear the activation bit; setting it makes the gripper find its ends: the fingers move."""

    def go(self, position: int, speed: int, force: int) -> None:
        """Move to a position; all 0 .. 255."""

    def halt(self) -> None:
        """Stop here."""


class RobotiqGripper:
    """Implements ``drivers.gripped.Gripper``. The thread polls, sends goals, and opens the wire anew if it is lost."""

    def __init__(self, wire: Wire, open_count: int, closed_count: int, speed: float, force: float) -> None:
        self._wire = wire
        self._open, self._closed = open_count, closed_count
        self._speed, self._force = round(255 * speed), round(255 * force)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._status: Status | None = None
        self._read_s = 0.0
        self._goal: int | None = None
        self._sent: int | None = None
        self._activating = self._halting = False
        self._fault: str | None = None

    @property
    def fault(self) -> str | None:
        """Why it refuses to move, or None."""
        return self._fault

    def connect(self) -> None:
        """Raises DeviceError if it does not answer. One that is not activated can be read, and has a fault."""
        if self._thread is not None:
            return
        self._wire.open()
        self._closing = False
        self._poll()
        self._thread = threading.Thread(target=self._run, name="robotiq", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of the wire; the gripper keeps its grip."""
        thread, self._thread = self._thread, None
        if thread is not None:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            thread.join()
            self._wire.close()

    def opening(self) -> float:
        """0 closed .. 1 open."""
        with self._changed:
            status, age_s = self._status, time.monotonic() - self._read_s
        if self._thread is None:
            raise DeviceError(f"{self._wire.name}: not connected; call connect() first")
        if status is None or age_s > OLD_S:
            raise DeviceError(f"{self._wire.name}: no word from the gripper for {age_s:.2f} s")
        share = (self._closed - status.position) / (self._closed - self._open)
        return min(1.0, max(0.0, share))

    def move(self, opening: float) -> None:
        """Set the goal; the thread sends it on."""
        if self._fault is not None:
            raise DeviceError(f"{self._wire.name}: stopped ({self._fault}); make it safe, then call rearm()")
        with self._changed:
            self._goal = round(self._closed - opening * (self._closed - self._open))

    def stop(self, reason: str) -> None:
        """Stay where it is; what is gripped stays gripped."""
        self._note(reason)
        with self._changed:
            self._goal, self._halting = None, True
            self._changed.notify_all()

    def rearm(self) -> None:
        """Activate it if it is not active (the fingers move), and accept goals. Raises DeviceError if it cannot."""
        if self._thread is None:
            raise DeviceError(f"{self._wire.name}: not connected; call connect() first")
        self.opening()
        with self._changed:
            self._goal = self._sent = None
            self._activating = self._status is None or self._status.status != ACTIVE or bool(self._status.fault)
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._activating, ACTIVATION_S + RESET_S)
            self._activating = False
        if not done:
            raise DeviceError(f"{self._wire.name}: the gripper does not become active: {self._fault or 'no answer'}")
        self._fault = None

    def _note(self, fault: str) -> None:
        self._fault = self._fault or fault

    def _run(self) -> None:
        while not self._closing:
            try:
                self._talk()
                wait_s = POLL_S
            except DeviceError as error:
                self._note(str(error))
                wait_s = self._reopen()
            with self._changed:
                self._changed.wait_for(lambda: self._closing, wait_s)

    def _reopen(self) -> float:
        """Try once; how long to wait then [s]."""
        self._wire.close()
        try:
            self._wire.open()
        except DeviceError:
            return RETRY_S
        self._sent = self._goal
        return POLL_S

    def _talk(self) -> None:
        """One round: what is to be done, and how it stands."""
        goal = self._goal
        if self._activating:
            self._activate()
        elif self._halting:
            self._wire.halt()
            self._halting = False
        elif goal is not None and goal != self._sent:
            self._wire.go(goal, self._speed, self._force)
            self._sent = goal
        self._poll()

    def _read(self) -> Status:
        status = self._wire.status()
        with self._changed:
            self._status, self._read_s = status, time.monotonic()
        return status

    def _poll(self) -> None:
        status = self._read()
        if status.fault or status.status != ACTIVE:
            self._note(f"{self._wire.name}: {FAULTS.get(status.fault, 'not activated')}; rearm moves its fingers")

    def _activate(self) -> None:
        """Clear and set the activation bit, and wait for the gripper to find its ends."""
        self._wire.activate(False)
        self._await(lambda status: status.status == 0, RESET_S)
        self._wire.activate(True)
        self._await(lambda status: status.status == ACTIVE, ACTIVATION_S)
        with self._changed:
            self._activating = False
            self._changed.notify_all()

    def _await(self, true: Callable[[Status], bool], timeout_s: float) -> None:
        end_s = time.monotonic() + timeout_s
        while not true(self._read()):
            if time.monotonic() > end_s or self._closing:
                raise DeviceError(f"{self._wire.name}: activation takes too long")
            time.sleep(POLL_S)
