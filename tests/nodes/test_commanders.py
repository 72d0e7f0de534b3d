"""One commander at a time; a person prevails; whoever is silent has let go."""

from __future__ import annotations

import pytest

from robolearn.errors import BorderError
from robolearn.nodes.commanders import Commander, Commanders

MS = 1_000_000
PERSON, ACTOR, DOUBLE = Commander("teleop", b"1"), Commander("actor", b"2"), Commander("actor", b"3")


@pytest.fixture
def commanders() -> Commanders:
    """The actor commands since now."""
    commanders = Commanders(("teleop", "actor"), 0.2)
    commanders.check(ACTOR, 0)
    commanders.passed(ACTOR, 0)
    return commanders


def test_whoever_commands_goes_on(commanders: Commanders) -> None:
    commanders.check(ACTOR, 20 * MS)
    assert commanders.present == "actor"


def test_a_second_one_of_the_same_name_is_refused_until_the_first_is_silent(commanders: Commanders) -> None:
    with pytest.raises(BorderError, match="two commanders at once: another 'actor' commands the arm"):
        commanders.check(DOUBLE, 200 * MS)
    commanders.check(DOUBLE, 201 * MS)
    commanders.passed(DOUBLE, 201 * MS)
    with pytest.raises(BorderError, match="another 'actor'"):
        commanders.check(ACTOR, 300 * MS)


def test_a_person_takes_over_at_once_and_the_actor_waits_until_they_let_go(commanders: Commanders) -> None:
    commanders.check(PERSON, 1 * MS)
    commanders.passed(PERSON, 1 * MS)
    with pytest.raises(BorderError, match="'teleop' commands the arm, and has been silent for 99 ms"):
        commanders.check(ACTOR, 100 * MS)
    commanders.check(ACTOR, 202 * MS)


def test_who_was_refused_does_not_keep_the_first_from_commanding(commanders: Commanders) -> None:
    with pytest.raises(BorderError):
        commanders.check(DOUBLE, 10 * MS)
    commanders.check(ACTOR, 20 * MS)


def test_after_a_release_anybody_may_start(commanders: Commanders) -> None:
    commanders.release()
    commanders.check(DOUBLE, 1 * MS)
    assert commanders.present == ""


def test_each_silence_of_a_commander_is_told_once(commanders: Commanders) -> None:
    assert commanders.fell_silent(200 * MS) == ""
    assert commanders.fell_silent(201 * MS) == "actor"
    assert commanders.fell_silent(300 * MS) == ""
    commanders.passed(ACTOR, 400 * MS)
    assert commanders.fell_silent(601 * MS) == "actor"
