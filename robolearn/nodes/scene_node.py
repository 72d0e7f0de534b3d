"""The scene of a real cell on the graph: who brings it to a start state, and whether anybody knows the truth."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from std_msgs.msg import String

from robolearn.contracts import World
from robolearn.errors import ConfigError
from robolearn.nodes import topics
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.cell import real_cell
from robolearn.nodes.scene_server import SceneServer
from robolearn.nodes.supervision import READY


@runtime_checkable
class BroughtByScene(World, Protocol):
    """A real world. ``stopped`` is why its arm is, or None: what follows re-arms it."""

    def question(self, stopped: str | None) -> str | None:
        """What to ask a person for; None if the world needs nobody."""

    def bring(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """Bring it to a start state, and return the draws behind it. Raises DeviceError."""


class SceneNode(TableNode):
    """Brings the scene to a start state when asked to. Where that takes a person, it says so until they are ready."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("scene_node")
        station, world = real_cell(self)  # none of its devices is opened
        if not isinstance(world, BroughtByScene):
            raise ConfigError(f"station {station.name}: its backend has no scene that a node could bring to its start")
        self._world: BroughtByScene = world
        self._stopped: str | None = None
        self._asked: int | None = None  # seed of the start state that a person is asked for
        self._ready = False
        self.listen(topics.PERSON_SAYS, self._hear_person)
        self.listen(topics.SAFETY.fault, self._hear_fault)
        self._server = SceneServer(self, self._world, self._brought_to)

    def state(self) -> Mapping[str, object]:
        """What a person is asked for."""
        return {"asks": (self._world.question(self._stopped) or "") if self._asked is not None else ""}

    def close(self) -> None:
        """Let go of the scene."""
        self._world.close()

    def _hear_person(self, message: String) -> None:
        if message.data == READY and self._asked is not None:
            self._ready = True

    def _hear_fault(self, message: String) -> None:
        self._stopped = message.data if message.data not in ("", topics.NO_ARM, topics.NOT_ARMED) else None

    def _brought_to(self, seed: int) -> Mapping[str, Any]:
        """The draws of the start state, or what a person is asked for before. Raises DeviceError."""
        question = self._world.question(self._stopped)
        if question is None:
            return {topics.DRAWS: self._world.bring(seed, self._stopped)}
        if self._asked == seed and self._ready:
            self._asked, self._ready = None, False
            return {topics.DRAWS: {}}
        if self._asked != seed:
            self._asked, self._ready = seed, False
        return {topics.ASKS: question}


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(SceneNode)


if __name__ == "__main__":
    sys.exit(main())
