"""What the machine itself does to a stream: a bare chain of processes as long as the one under test.

``python -m robolearn.bench.jitter HZ`` wakes up HZ times a second and sends a byte through a second process, over
TCP, to a third; that one notes when it comes. When its standard input ends it prints the times and ends."""

from __future__ import annotations

import json
import multiprocessing
import socket
import subprocess
import sys
import threading
import time
from types import TracebackType

import numpy as np

from robolearn.contracts import Float

END_S = 10.0


class BareChain:
    """A context manager: the chain runs inside; :attr:`arrivals_s` are there afterwards."""

    def __init__(self, rate_hz: float) -> None:
        self._words = [sys.executable, "-m", "robolearn.bench.jitter", str(rate_hz)]
        self.arrivals_s: Float = np.zeros(0)

    def __enter__(self) -> BareChain:
        self._process = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            printed, _ = self._process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            printed, _ = self._process.communicate()
        self.arrivals_s = np.array(json.loads(printed or b"[]"))


def late_gaps(arrivals_s: Float, longest_s: float) -> Float:
    """When each gap between arrivals that is longer than ``longest_s`` ended [s]."""
    return arrivals_s[1:][np.diff(arrivals_s) > longest_s]


def unexcused(late_s: Float, machine_late_s: Float, within_s: float) -> int:
    """How many of the gaps ended at ``late_s`` have none of the bare chain within ``within_s`` of them."""
    if not len(machine_late_s):
        return len(late_s)
    return int(sum(np.abs(machine_late_s - at).min() > within_s for at in late_s))


def _wake(link: socket.socket, period_s: float) -> None:
    due_s = time.monotonic()
    while True:
        due_s = max(due_s + period_s, time.monotonic())
        time.sleep(max(0.0, due_s - time.monotonic()))
        link.sendall(b".")


def _relay(source: socket.socket, address: tuple[str, int]) -> None:
    with socket.create_connection(address) as sink:
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := source.recv(64):
            sink.sendall(data)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    """Run the chain."""
    period_s = 1.0 / float(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))
    near, far = socket.socketpair()
    spawn = multiprocessing.get_context("fork")
    spawn.Process(target=_wake, args=(near, period_s), daemon=True).start()
    spawn.Process(target=_relay, args=(far, listener.getsockname()), daemon=True).start()
    link, _ = listener.accept()
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    arrivals_s = []
    while not ended.is_set() and link.recv(64):
        arrivals_s.append(time.monotonic())
    sys.stdout.write(json.dumps(arrivals_s) + "\n")


if __name__ == "__main__":
    main()
