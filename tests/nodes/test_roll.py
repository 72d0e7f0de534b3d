"""Nodes that die cannot say so: somebody calls the roll."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from robolearn.nodes.roll import DONE, Roll


def report(name: str, process: str, *values: str) -> DiagnosticStatus:
    pairs = [KeyValue(key=key, value="True") for key in values]
    return DiagnosticStatus(name=name, hardware_id=process, values=pairs)


def test_a_node_that_has_fallen_silent_is_named_until_it_is_heard() -> None:
    roll = Roll()
    assert roll.heard(report("/arm_node", "host:1"), 0.0) == ""
    assert roll.missing(2.9) == []
    assert roll.missing(3.1) == ["/arm_node has been silent for 3 s"]
    assert roll.missing(9.0) == ["/arm_node has been silent for 9 s"]
    assert roll.heard(report("/arm_node", "host:1"), 9.5) == ""
    assert roll.missing(10.0) == []
    assert len(roll.missing(13.0)) == 1


def test_a_node_whose_work_is_done_is_not_missed_and_may_begin_anew() -> None:
    roll = Roll()
    roll.heard(report("/actor_node", "host:1"), 0.0)
    assert roll.heard(report("/actor_node", "host:1", DONE), 1.0) == ""
    assert roll.missing(60.0) == []
    assert roll.heard(report("/actor_node", "host:2"), 61.0) == ""


def test_a_node_that_has_begun_anew_is_named() -> None:
    roll = Roll()
    roll.heard(report("/arm_node", "host:1"), 0.0)
    assert roll.heard(report("/arm_node", "host:2"), 1.0).startswith("/arm_node has begun anew")
    assert roll.heard(report("/arm_node", "host:2"), 2.0) == ""


def test_while_nobody_could_be_heard_nobody_is_missing() -> None:
    roll = Roll()
    roll.heard(report("/arm_node", "host:1"), 0.0)
    roll.excuse(10.0)
    assert roll.missing(12.0) == []
    assert len(roll.missing(13.1)) == 1
