"""How long an actor waits between attempts that fail."""

from __future__ import annotations

from robolearn.nodes.supervision import Pauses


def test_pauses_grow_until_an_attempt_has_gone_well() -> None:
    pauses = Pauses(1.0, 5.0)
    assert [pauses.after_failure() for _ in range(4)] == [1.0, 2.0, 4.0, 5.0]
    pauses.went_well()
    assert pauses.after_failure() == 1.0
