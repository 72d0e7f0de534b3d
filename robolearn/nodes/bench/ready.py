"""When a cell that has just been started is up: before that it is busy with starting."""

from __future__ import annotations

from collections.abc import Sequence

from robolearn.errors import BenchError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.nodes.up.child import Child


def wait_for_gate(link: Link, children: Sequence[Child]) -> None:
    """Return when the gate has found the arm. Raises BenchError with the last words of all nodes if it does not."""
    faults: list[str] = []
    try:
        with link.listening(topics.SAFETY.fault, lambda message: faults.append(message.data)):
            link.wait(lambda: topics.NOT_ARMED in faults or None, "the gate")
    except DeviceError as error:
        words = {child.name: child.last_words() for child in children}
        raise BenchError(f"the cell does not start: {error}; {words}") from error
