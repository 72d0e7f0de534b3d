"""The scene of a real cell on the graph: who brings it to a start state, and whether anybody knows the truth."""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol, runtime_checkable

from rcl_interfaces.msg import SetParametersResult
from std_msgs.msg import String

from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.cell import real_cell
from robolearn.nodes.supervision import READY
from robolearn.nodes.teleop_server import seed_of


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
        self.serve(topics.SCENE_RESET, self._reset)
        self.serve(topics.SCENE_SUCCEEDED, self._succeeded)

    def state(self) -> dict[str, object]:
        """What a person is asked for."""
        return {"asks": (self._question or "") if self._asked is not None else ""}

    def close(self) -> None:
        """Let go of the scene."""
        self._world.close()

    def _hear_person(self, message: String) -> None:
        self._ready = self._asked is not None and message.data == READY

    def _reset(self, request: Any, response: Any) -> Any:
        try:
            result = SetParametersResult(successful=True, reason=json.dumps(self._brought_to(seed_of(request))))
        except DeviceError as error:
            result = SetParametersResult(successful=False, reason=str(error))
        response.results = [result]
        return response

    def _brought_to(self, seed: int) -> dict[str, Any]:
        """What is told of the start state, or of the person who is awaited. Raises DeviceError."""
        if self._question is None:
            return {"stamp_ns": self.now_ns(), "draws": self._world.reset(seed)}
        if self._asked == seed and self._ready:
            self._asked, self._ready = None, False
            return {"stamp_ns": self.now_ns(), "draws": {}}
        if self._asked != seed:
            self._asked, self._ready = seed, False
        return {topics.ASKS: self._question}

    def _succeeded(self, request: Any, response: Any) -> Any:
        truth = self._world.succeeded()
        response.success, response.message = truth is not None, json.dumps(truth)
        return response


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(SceneNode)


if __name__ == "__main__":
    sys.exit(main())
