"""A side of the comparison that stays alone says so, instead of waiting for ever."""

from __future__ import annotations

import pytest
import rclpy
from rclpy.node import Node

from robolearn.errors import BenchError
from robolearn.nodes import network
from robolearn.nodes.bench import bare
from tests.nodes.processes import own_network


@pytest.mark.parametrize("role", bare.ROLES)
def test_a_side_that_hears_nothing_of_the_other_ends(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "PATIENCE_S", 0.5)
    with own_network():
        network.join()
        node = Node("alone", enable_rosout=False)
        try:
            with pytest.raises(BenchError, match=r"alone has heard nothing of the other process for 0\.5 s"):
                bare.ROLES[role](node, 1, 1.0)
        finally:
            node.destroy_node()
            rclpy.try_shutdown()
