"""The table of faults in a shortened form: a practising cell is hurt, and judged by the twin's own log."""

from __future__ import annotations

from pathlib import Path

import pytest

from robolearn.nodes.bench.faults import judge, suffer
from robolearn.nodes.bench.injections import INJECTIONS, chosen
from tests.nodes.processes import own_network

NODES = ("twin_node", "safety_node", "supervisor_node", "actor_node")
KINDS = ("NaN command", "flood at 1 kHz", "camera black", "SIGSTOP actor_node 1 s", "kill -9 safety_node")
NEVER = {"motions_outside_limits", "transitions_lost"}  # whatever the machine is busy with
TIMED = {"rest_ms_most"}  # a matter of the bench: it says nothing on a machine that stalls
ATTEMPTS = 2  # what is to be named and to recover has a time in which to do so


@pytest.mark.timeout(600)
def test_a_hurt_cell_keeps_its_limits_names_every_fault_and_goes_on(tmp_path: Path) -> None:
    faults = [one for one in chosen(NODES, 0.01) if one.kind in KINDS]
    for attempt in range(ATTEMPTS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with own_network():
            suffered, cell = suffer(folder, faults, NODES, lambda _: None)
        result = judge(suffered, cell)
        missed = {bar["name"] for bar in result["bars"] if not bar["ok"]}
        assert sorted(one.kind for one in suffered) == sorted(KINDS)
        assert result["rests_measured"] >= 1
        assert not missed & NEVER, result
        if not missed - TIMED:
            return
    raise AssertionError(result)


def test_the_whole_table_has_three_hundred_faults() -> None:
    assert sum(one.times for one in INJECTIONS) >= 300
