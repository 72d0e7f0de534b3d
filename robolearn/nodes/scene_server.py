"""Answers for a scene on the graph: brings it to a start state, and says whether the task has succeeded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.msg import SetParametersResult

from robolearn.contracts import World
from robolearn.errors import RobolearnError
from robolearn.nodes import topics
from robolearn.nodes.base import TableNode
from robolearn.nodes.teleop_server import seed_of


class SceneServer:
    """Stands between one :class:`World` and the services ``scene/*``."""

    def __init__(self, node: TableNode, world: World, bring: Callable[[int], Mapping[str, Any]]) -> None:
        """``bring`` takes the seed of a start state and returns what there is to tell of it; it may refuse."""
        self._node, self._world, self._bring = node, world, bring
        node.serve(topics.SCENE_RESET, self._reset)
        node.serve(topics.SCENE_SUCCEEDED, self._succeeded)

    def _reset(self, request: Any, response: Any) -> Any:
        try:
            told = {**self._bring(seed_of(request)), "stamp_ns": self._node.now_ns()}
            result = SetParametersResult(successful=True, reason=json.dumps(told))
        except RobolearnError as error:
            result = SetParametersResult(successful=False, reason=str(error))
        response.results = [result]
        return response

    def _succeeded(self, request: Any, response: Any) -> Any:
        try:
            response.success, response.message = True, json.dumps(self._world.succeeded())
        except RobolearnError as error:
            response.success, response.message = False, str(error)
        return response
