"""When a node is started again, and when not."""

from __future__ import annotations

import pytest

from robolearn.nodes.base import BAD_INPUT, OK
from robolearn.nodes.table import Restart
from robolearn.nodes.up.restarts import LONGEST_WAIT_S, Restarts, Then

KILLED = -9


def test_a_node_that_ends_too_soon_is_started_again_after_ever_longer_waits() -> None:
    restarts = Restarts(Restart.ALWAYS)
    waits_s = []
    for _ in range(8):
        assert restarts.after(KILLED, ran_s=1.0) is Then.START_AGAIN
        waits_s.append(restarts.wait_s)
    assert waits_s[:3] == pytest.approx([0.4, 0.8, 1.6]) and waits_s[-1] == LONGEST_WAIT_S
    assert restarts.after(KILLED, ran_s=30.0) is Then.START_AGAIN
    assert restarts.wait_s == 0.2, "it was started well this time"


@pytest.mark.parametrize(
    ("policy", "status", "then"),
    [
        (Restart.ON_FAILURE, OK, Then.DONE),
        (Restart.ON_FAILURE, 1, Then.START_AGAIN),
        (Restart.ALWAYS, OK, Then.START_AGAIN),
    ],
)
def test_a_node_whose_work_is_finished_is_started_again_only_if_its_entry_says_so(
    policy: Restart, status: int, then: Then
) -> None:
    assert Restarts(policy).after(status, ran_s=20.0) is then


@pytest.mark.parametrize("policy", Restart)
def test_bad_input_at_the_start_is_for_a_person(policy: Restart) -> None:
    assert Restarts(policy).after(BAD_INPUT, ran_s=30.0) is Then.GIVE_UP


def test_a_node_that_ran_well_once_is_started_again_even_where_it_now_calls_its_input_bad() -> None:
    restarts = Restarts(Restart.ALWAYS)
    restarts.after(KILLED, ran_s=3600.0)
    assert restarts.after(BAD_INPUT, ran_s=1.0) is Then.START_AGAIN
