"""How long an actor waits between attempts that fail."""

from __future__ import annotations

from robolearn.nodes.supervision import Pauses


def test_pauses_grow_while_the_same_fault_comes_again_until_an_attempt_has_gone_well() -> None:
    pauses = Pauses(1.0, 5.0)
    assert [pauses.after_failure(f"workspace: at {beyond}.5 mm") for beyond in range(-2, 2)] == [1, 2, 4, 5]
    pauses.went_well()
    assert pauses.after_failure("workspace: 7.5 mm beyond it") == 1.0


def test_another_fault_begins_with_a_short_pause() -> None:
    pauses = Pauses(1.0, 5.0)
    pressed, silent = "workspace: 9.1 mm beyond it", "camera wrist: age 361.0 ms"
    assert [pauses.after_failure(fault) for fault in (pressed, pressed, silent, pressed)] == [1.0, 2.0, 1.0, 1.0]
