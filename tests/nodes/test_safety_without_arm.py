"""The gate while its arm is not there, or not open."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from robolearn.nodes import topics
from robolearn.nodes.link import Link
from tests.nodes.cells import naming, safety
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

LOOKED_S = 4.0  # several times


def test_an_arm_that_never_answers_is_named(tmp_path: Path) -> None:
    with (
        own_network(),
        safety(tmp_path, answer_s=0.2),
        closing(Link("test", patience_s=PATIENCE_S)) as link,
        diagnostics(link) as newest,
    ):
        report = eventually(lambda: naming(newest, "arm/get_parameters"), "the report")
        assert report["fault"] == "the arm has not answered yet"


def test_while_an_arm_is_not_open_it_is_looked_for_and_nothing_of_that_piles_up(tmp_path: Path) -> None:
    unplugged = {"station": "so101_virtual", "task": "lift_cube"}
    with (
        own_network(),
        NodeProcess(tmp_path / "arm.log", "arm_node", **unplugged),
        safety(tmp_path, **{**unplugged, "answer_s": 0.3}),
        closing(Link("test", patience_s=PATIENCE_S)) as link,
        diagnostics(link) as newest,
    ):
        eventually(lambda: naming(newest, "arm/joint_states: no answer"), "the report")
        until_s = time.monotonic() + LOOKED_S
        while time.monotonic() < until_s:
            assert link._node.count_publishers(topics.ARM.command.name) <= 1
            time.sleep(0.1)
