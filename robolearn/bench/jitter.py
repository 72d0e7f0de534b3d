"""What the machine itself does to a stream: a bare chain of processes as long and as urgent as the one under test.

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
from robolearn.processes import Urgency, begin_unhurried, schedule

END_S = 10.0


class BareChain:
    """A context manager: the chain runs inside; :attr:`arrivals_s` are there afterwards."""

    def __init__(self, rate_hz: float) -> None:
        self._words = [sys.executable, "-m", "robolearn.bench.jitter", str(rate_hz)]
        self.arrivals_s: Float = np.zeros(0)

    def __enter__(self) -> BareChain:
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=begin_unhurried
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            printed, _ = self._process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            printed, _ = self._process.communicate()
        self.arrivals_s = np.array(json.loads(printed or b"[]"))


def between(arrivals_s: Float, begin_s: float, end_s: float) -> Float:
    """Those arrivals that came in that time."""
    return arrivals_s[(arrivals_s >= begin_s) & (arrivals_s <= end_s)]


def beyond(arrivals_s: Float, machine_arrivals_s: Float, period_s: float, within_s: float) -> Float:
    """Every gap between arrivals [s], less how late the bare chain was at the worst within ``within_s`` of its end."""
    ends_s, late_s = machine_arrivals_s[1:], np.maximum(np.diff(machine_arrivals_s) - period_s, 0.0)
    first = np.searchsorted(ends_s, arrivals_s[1:] - within_s)
    last = np.searchsorted(ends_s, arrivals_s[1:] + within_s, side="right")
    worst_s = [late_s[begin:end].max(initial=0.0) for begin, end in zip(first, last, strict=True)]
    gaps_s: Float = np.diff(arrivals_s) - np.array(worst_s)
    return gaps_s


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
    schedule(Urgency.MOVES)
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
