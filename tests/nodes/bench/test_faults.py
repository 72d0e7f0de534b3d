"""The table of faults in a shortened form: a practising cell is hurt, and judged by the twin's own log."""

from __future__ import annotations

from pathlib import Path

import pytest

from robolearn.nodes.bench.bodies import ServoBody, TwinBody
from robolearn.nodes.bench.faults import Learned, learn, suffer
from robolearn.nodes.bench.injections import WITH_SERVOS, WITH_TWIN, Injection, chosen
from robolearn.nodes.bench.judging import Hurt, judge
from tests.nodes.processes import own_network

WITHOUT = ("learner_node", "recorder_node")
TWIN_KINDS = ("NaN command", "flood at 1 kHz", "camera black", "SIGSTOP actor_node 1 s", "kill -9 safety_node")
SERVO_KINDS = ("kill -9 arm_node", "kill -9 camera_node_front", "bus unplugged")
NEVER = {"motions_outside_limits", "transitions_lost"}  # whatever the machine is busy with
TIMED = {"rest_ms_most"}  # a matter of the bench: it says nothing on a machine that stalls
ATTEMPTS = 2  # what is to be named and to recover has a time in which to do so


def table(kinds: tuple[str, ...]) -> list[Injection]:
    """One fault of each kind."""
    return [one for one in chosen((*WITH_TWIN, *WITH_SERVOS), 0.01, WITHOUT) if one.kind in kinds]


def is_well(hurt: Hurt, kinds: tuple[str, ...]) -> bool:
    """True if all bars hold that say something on any machine; those that always must are asserted."""
    result = judge([hurt])
    missed = {bar["name"] for bar in result["bars"] if not bar["ok"]}
    assert {one.kind for one in hurt.suffered} == set(kinds)
    assert result["rests_measured"] >= 1
    assert not missed & NEVER, result
    return not missed - TIMED


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    """What the cells practise on."""
    return learn(tmp_path_factory.mktemp("learned"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kinds", [TWIN_KINDS, SERVO_KINDS], ids=["twin", "servos"])
def test_a_hurt_cell_keeps_its_limits_names_every_fault_and_goes_on(
    learned: Learned, tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    for attempt in range(ATTEMPTS):
        folder = tmp_path / str(attempt)
        body = TwinBody(folder, WITHOUT) if kinds is TWIN_KINDS else ServoBody(folder)
        with own_network():
            hurt = suffer(body, learned, folder, table(kinds), lambda _: None)
        if is_well(hurt, kinds):
            return
    raise AssertionError(judge([hurt]))


def test_the_whole_table_has_three_hundred_faults() -> None:
    assert sum(one.times for one in (*WITH_TWIN, *WITH_SERVOS)) >= 300
