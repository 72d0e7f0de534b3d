"""The child process in which a maker's library lives: its calls may block for seconds, and it may crash.

It reads from the start, and drives only once it has been asked to arm. It is never repaired: when anything goes
wrong it says so and ends, or its parent ends it, and a new one is started. Other processes wait for it, where its user
may have that: a stream of targets has no time to lose."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from drivers.child_words import ARM, ARMED, FAILED, HALT, READING, TARGET, unpack_numbers
from robolearn.processes import Urgency, keep_for_good, schedule

MOST_WORDS = 4096


class Device(Protocol):
    """One connection to a device, made when constructed. A call that raises RuntimeError ends the child."""

    poll_s: float  # time between turns

    def arm(self) -> None:
        """Make it ready to move. Raises RuntimeError with what speaks against it."""

    def target(self, numbers: list[float]) -> None:
        """Go there; called only after :meth:`arm`."""

    def halt(self) -> None:
        """Come to rest, and hold; called only after :meth:`arm`."""

    def reading(self) -> bytes | None:
        """What the device has said since the last time, if anything."""

    def keep_alive(self) -> None:
        """Whatever must be done all the time; called only after :meth:`arm`."""

    def let_go(self) -> None:
        """The parent has hung up, or wants no more: end well."""


class Child:
    """Obeys its parent until that hangs up."""

    def __init__(self, link: socket.socket, device: Device) -> None:
        self._link, self._device = link, device
        self._armed = False

    def run(self) -> None:
        """Until the parent hangs up. Raises RuntimeError if the device fails."""
        keep_for_good()
        while True:
            if select.select([self._link], [], [], self._device.poll_s)[0] and not self._obey():
                break
            if (reading := self._device.reading()) is not None:
                self._link.send(READING + reading)
            if self._armed:
                self._device.keep_alive()
        if self._armed:
            self._device.halt()
        self._device.let_go()

    def _obey(self) -> bool:
        """False if the parent has hung up."""
        words = self._link.recv(MOST_WORDS)
        kind = words[:1]
        if kind == ARM:
            self._device.arm()
            self._armed = True
            self._link.send(ARMED)
        elif kind == TARGET and self._armed:
            self._device.target(unpack_numbers(words[1:]))
        elif kind == HALT and self._armed:
            self._device.halt()
        return bool(words)


def run_child(make: Callable[[str], Device]) -> None:
    """``python -m module FD SETTINGS``, started by the driver; ``make`` connects with the settings."""
    schedule(Urgency.MOVES)
    link = socket.socket(fileno=int(sys.argv[1]))
    try:
        Child(link, make(sys.argv[2])).run()
    except RuntimeError as error:
        with contextlib.suppress(OSError):
            link.send(FAILED + str(error).encode()[: MOST_WORDS - 1])
    finally:
        os._exit(0)  # a library's own way out may take a second, and may crash
