"""What arrives: frames by their numbers, and commands at the arm's side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sensor_msgs.msg import Image
from trajectory_msgs.msg import JointTrajectory

from robolearn.nodes import topics
from robolearn.nodes.bench.rig import CAMERAS, FRAMES, HEIGHT, WIDTH, number_of
from robolearn.nodes.link import Link

SAME_NS = 5_000_000  # a stamp that has crossed two processes is off by less


class Counted(NamedTuple):
    """Frames of all cameras."""

    sent: int
    lost: int


class Commands:
    """When each command came to where the arm listens."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[int, int]] = []  # stamp of the command, time [ns]

    @contextmanager
    def heard(self, link: Link) -> Iterator[None]:
        """Listen beside the arm's node."""

        def arrived(message: JointTrajectory) -> None:
            self.note(link.stamps.internal(message.header.stamp), time.monotonic_ns())

        with link.listening(topics.ARM.command, arrived, every=True):
            yield

    def note(self, stamp_ns: int, now_ns: int) -> None:
        """The command with this stamp has come."""
        self._arrivals.append((stamp_ns, now_ns))

    def took_ms(self, pairs: Sequence[tuple[int, int]]) -> list[float]:
        """From the stamp of a frame to the arm, for each (command, frame) that has arrived."""
        stamps = np.array([stamp for stamp, _ in self._arrivals])
        found = []
        for command_ns, frame_ns in pairs:
            nearest = int(np.abs(stamps - command_ns).argmin()) if len(stamps) else -1
            if nearest >= 0 and abs(stamps[nearest] - command_ns) < SAME_NS:
                found.append((self._arrivals[nearest][1] - frame_ns) * 1e-6)
        return found


def count_frames(link: Link, seconds: float) -> Counted:
    """Look at every frame of every camera for ``seconds`` [s]."""
    numbers: dict[str, list[int]] = {name: [] for name in CAMERAS}

    def seen(name: str, image: Image) -> None:
        numbers[name].append(number_of(np.frombuffer(image.data, np.uint8).reshape(HEIGHT, WIDTH, 3)))

    with ExitStack() as stack:
        for name in CAMERAS:
            stack.enter_context(link.listening(topics.IMAGE.of(name), partial(seen, name)))
        time.sleep(seconds)
    gaps = [gap for shown in numbers.values() for gap in np.diff(shown) % FRAMES]
    return Counted(int(np.sum(gaps)) + len(CAMERAS), int(np.sum(gaps)) - len(gaps))


def percentiles(values: Sequence[float]) -> dict[str, Any]:
    """p50 and p99 of times [ms], and how many there are."""
    if not values:
        return {"p50_ms": None, "p99_ms": None, "count": 0}
    return {
        "p50_ms": float(np.percentile(values, 50)),
        "p99_ms": float(np.percentile(values, 99)),
        "count": len(values),
    }
