"""The parent's end of a driver's child process: it is started, listened to, ended when silent, and replaced.

The child lives in ``drivers.child``; its words are one datagram each, first byte the kind."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from drivers.child_words import ARM, ARMED, FAILED, HALT, TARGET, pack_numbers
from robolearn.processes import begin_unhurried

START_S = 15.0  # a child that has said nothing for so long after its start is replaced
SILENT_S = 1.5  # so is one that has fallen silent for so long
RETRY_S = 0.5
ARM_S = 15.0
END_S = 2.0


R = TypeVar("R")


class Program(NamedTuple):
    """What a child runs: ``python -m module FD settings``."""

    module: str
    settings: str


class ChildLink(Generic[R]):
    """One device, through ever so many children. All methods but the constructor may be called from any thread."""

    def __init__(
        self, program: Program, unpack: Callable[[bytes], R], on_reading: Callable[[ChildLink[R], R], None]
    ) -> None:
        """``unpack`` makes a reading of a datagram; ``on_reading`` is called with it, in the link's thread."""
        self._program, self._unpack, self._on_reading = program, unpack, on_reading
        self._changed = threading.Condition()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._newest: R | None = None
        self._heard_s = -1.0
        self._armed = self._arming = False
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._run, name=program.module, daemon=True)

    def open(self) -> None:
        """Start the first child."""
        self._thread.start()

    def close(self) -> None:
        """End the child, which brings the device to rest first."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_WR)
            self._changed.wait_for(lambda: self._socket is None, END_S)

    @property
    def newest(self) -> R | None:
        """The last reading of the present child."""
        return self._newest

    @property
    def failure(self) -> str | None:
        """The last words of the last child that failed since :meth:`arm` or :meth:`open`."""
        return self._failure

    @property
    def armed(self) -> bool:
        """True while the present child may move the device."""
        return self._armed

    @property
    def silence_s(self) -> float:
        """For how long nothing has been heard [s]; endless before the first reading."""
        return time.monotonic() - self._heard_s if self._newest is not None else float("inf")

    def wait_for_reading(self, timeout_s: float) -> bool:
        """False if none comes, or the child fails before."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or bool(self._failure), timeout_s)
            return self._newest is not None

    def arm(self) -> bool:
        """Make the device ready to move, in a fresh child if this one has had its turn; False if it fails."""
        with self._changed:
            self._failure = None
            if self._armed:
                self._replace()
        if not self.wait_for_reading(START_S):
            return False
        with self._changed:
            self._arming = self._send(ARM)
            self._changed.wait_for(lambda: self._armed or bool(self._failure) or not self._arming, ARM_S)
            self._arming = False
            return self._armed

    def _replace(self) -> None:
        """End the child: with its connection goes all that the device has of it."""
        process = self._process
        if process is not None:
            process.kill()
            self._changed.wait_for(lambda: self._process is not process, START_S)

    def target(self, numbers: Sequence[float]) -> bool:
        """Send a target on; False if there is nobody to take it."""
        with self._changed:
            return self._armed and self._send(TARGET + pack_numbers(numbers))

    def halt(self) -> None:
        """Bring the device to rest."""
        with self._changed:
            self._send(HALT)

    def _send(self, words: bytes) -> bool:
        try:
            return self._socket is not None and self._socket.send(words, socket.MSG_DONTWAIT) == len(words)
        except OSError:
            return False

    def _run(self) -> None:
        while not self._closing:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            words = [sys.executable, "-m", self._program.module, str(theirs.fileno()), self._program.settings]
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(
                words, pass_fds=[theirs.fileno()], stdout=quiet, stderr=quiet, preexec_fn=begin_unhurried
            )
            theirs.close()
            with ours:
                ours.setblocking(True)
                self._take(ours, process)
                self._listen(ours)
                self._take(None, None)
            self._end(process)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, RETRY_S)

    def _take(self, link: socket.socket | None, process: subprocess.Popen[bytes] | None) -> None:
        with self._changed:
            self._socket, self._process = link, process
            self._newest, self._armed, self._arming = None, False, False
            self._changed.notify_all()
            if link is not None and self._closing:
                link.shutdown(socket.SHUT_WR)

    def _listen(self, link: socket.socket) -> None:
        """Until the child ends, or has been silent for too long."""
        link.settimeout(START_S)
        while True:
            try:
                words = link.recv(4096)
            except TimeoutError:
                if self._arming:
                    continue
                return
            except OSError:
                return
            if not words:
                return
            self._hear(words)
            link.settimeout(SILENT_S)

    def _hear(self, words: bytes) -> None:
        kind = words[:1]
        with self._changed:
            self._heard_s = time.monotonic()
            if kind == FAILED:
                self._failure = words[1:].decode()
            elif kind == ARMED:
                self._armed, self._arming = True, False
            else:
                self._newest = self._unpack(words[1:])
            self._changed.notify_all()
        if self._newest is not None and kind not in (FAILED, ARMED):
            self._on_reading(self, self._newest)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """A child that was asked to end may take its time; any other has nothing left to say."""
        try:
            process.wait(END_S if self._closing else 0.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
