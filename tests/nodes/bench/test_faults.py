"""The table of faults in a shortened form: a practising cell is hurt, and judged by the twin's own log."""

from __future__ import annotations

from pathlib import Path

import pytest

from robolearn.bars import holds
from robolearn.nodes.bench.faults import judge, suffer
from robolearn.nodes.bench.injections import INJECTIONS, chosen
from tests.nodes.processes import own_network

NODES = ("twin_node", "safety_node", "supervisor_node", "actor_node")
KINDS = ("NaN command", "flood at 1 kHz", "camera black", "SIGSTOP actor_node 1 s", "kill -9 safety_node")


@pytest.mark.timeout(600)
def test_a_hurt_cell_keeps_its_limits_names_every_fault_and_goes_on(tmp_path: Path) -> None:
    faults = [one for one in chosen(NODES, 0.01) if one.kind in KINDS]
    with own_network():
        suffered, cell = suffer(tmp_path, faults, NODES, lambda _: None)
    result = judge(suffered, cell)
    assert sorted(one.kind for one in suffered) == sorted(KINDS)
    assert holds(result), result
    assert result["rests_measured"] >= 1


def test_the_whole_table_has_three_hundred_faults() -> None:
    assert sum(one.times for one in INJECTIONS) >= 300
