"""What every device of a station over the graph does alike: hears its node from connect to close."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack

from robolearn.errors import BorderError, DeviceError
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link


class Listener(ABC):
    """The near end of a device whose node is somewhere on the graph."""

    def __init__(self, link: Link, clock: RosClock, who: str) -> None:
        """``who`` is how errors call it."""
        self._link, self._clock, self._who = link, clock, who
        self._connection: ExitStack | None = None

    def connect(self) -> None:
        """Wait until its node is heard. Raises DeviceError if there is none, or what it says does not fit."""
        if self._connection is not None:
            return
        with ExitStack() as stack:
            try:
                self._listen(stack)
            except BorderError as error:
                raise DeviceError(str(error)) from error
            self._connection = stack.pop_all()

    def close(self) -> None:
        """Hear no more of it; may be called twice, and before connect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._forget()

    @abstractmethod
    def _listen(self, stack: ExitStack) -> None:
        """Hear the node until ``stack`` closes, and wait for its first words. Raises BorderError, DeviceError."""

    @abstractmethod
    def _forget(self) -> None:
        """What has been heard is of the past."""

    def _require_connected(self) -> None:
        if self._connection is None:
            raise DeviceError(f"{self._who} over ROS is not connected: call connect() first")
