"""The scene of a real cell on the graph: who brings it to a start state, and whether anybody knows the truth."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from std_msgs.msg import String

from robolearn.nodes import topics
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.cell import real_cell
from robolearn.nodes.scene_server import SceneServer
from robolearn.nodes.supervision import READY


@runtime_checkable
class AsksPerson(Protocol):
    """A world that only a person can bring to a start state."""

    @property
    def question(self) -> str | None:
        """What to ask the person for; None if the world needs nobody."""


class SceneNode(TableNode):
    """Brings the scene to a start state when asked to. Where that takes a person, it says so until they are ready."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("scene_node")
        _, self._world = real_cell(self)  # none of its devices is opened
        self._question = self._world.question if isinstance(self._world, AsksPerson) else None
        self._asked: int | None = None  # seed of the start state that a person is asked for
        self._ready = False
        self.listen(topics.PERSON_SAYS, self._hear_person)
        self._server = SceneServer(self, self._world, self._brought_to)

    def state(self) -> Mapping[str, object]:
        """What a person is asked for."""
        return {"asks": (self._question or "") if self._asked is not None else ""}

    def close(self) -> None:
        """Let go of the scene."""
        self._world.close()

    def _hear_person(self, message: String) -> None:
        if message.data == READY and self._asked is not None:
            self._ready = True

    def _brought_to(self, seed: int) -> Mapping[str, Any]:
        """The draws of the start state, or what a person is asked for before. Raises DeviceError."""
        if self._question is None:
            return {topics.DRAWS: self._world.reset(seed)}
        if self._asked == seed and self._ready:
            self._asked, self._ready = None, False
            return {topics.DRAWS: {}}
        if self._asked != seed:
            self._asked, self._ready = seed, False
        return {topics.ASKS: self._question}


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(SceneNode)


if __name__ == "__main__":
    sys.exit(main())
