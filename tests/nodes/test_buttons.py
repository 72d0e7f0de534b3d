"""Emergency buttons: several at once, one that dies, and a gate that stood still."""

from __future__ import annotations

import pytest

from robolearn.nodes.buttons import REPEATS, SILENT_S, Buttons

FRONT, BACK, HAND = b"front", b"back", b"hand"


@pytest.fixture
def buttons() -> Buttons:
    """Two buttons that have repeated for some seconds that they are released."""
    buttons = Buttons()
    for second in range(REPEATS):
        for one in (FRONT, BACK):
            buttons.hear(one, False, float(second))
        assert not buttons.fell_silent(float(second))
    return buttons


def test_one_that_is_pressed_is_not_released_by_another(buttons: Buttons) -> None:
    buttons.hear(FRONT, True, 3.0)
    buttons.hear(BACK, False, 3.5)
    buttons.hear(HAND, False, 3.6)
    assert buttons.pressed
    buttons.hear(FRONT, False, 4.0)
    assert not buttons.pressed


def test_what_was_said_once_is_taken_back_by_another_who_says_so_once() -> None:
    buttons = Buttons()
    buttons.hear(HAND, True, 0.0)
    assert buttons.pressed
    buttons.hear(b"another process", False, 5.0)
    assert not buttons.pressed


def test_a_button_that_dies_is_told_once(buttons: Buttons) -> None:
    now_s = 2.0
    told = []
    for _ in range(20):
        now_s += 0.5
        buttons.hear(BACK, False, now_s)
        told.append(buttons.fell_silent(now_s))
    assert told.count(True) == 1 and told.index(True) * 0.5 + 0.5 == pytest.approx(SILENT_S + 0.5)


def test_one_that_dies_pressed_stays_so_until_somebody_says_otherwise(buttons: Buttons) -> None:
    buttons.hear(FRONT, True, 3.0)
    for tick in range(20):
        assert not buttons.fell_silent(3.0 + 0.5 * tick) or buttons.pressed
    assert buttons.pressed
    buttons.hear(HAND, False, 13.0)
    assert not buttons.pressed


def test_a_gate_that_stood_still_does_not_take_buttons_for_dead(buttons: Buttons) -> None:
    assert not buttons.fell_silent(30.0)


def test_somebody_who_spoke_once_is_not_missed() -> None:
    buttons = Buttons()
    buttons.hear(HAND, False, 0.0)
    assert not any(buttons.fell_silent(0.5 * tick) for tick in range(20))
