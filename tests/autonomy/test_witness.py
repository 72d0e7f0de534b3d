"""Evaluation in a cell that does not know the truth: the reward model ends an episode, and a person judges it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robolearn.autonomy.evaluation import BY_PERSON, BY_TRUTH, Outcome, Trial
from robolearn.autonomy.evaluation_pool import one_after_the_other
from robolearn.autonomy.homing import StartPose, start_pose
from robolearn.autonomy.witness import EnoughSeen, Witness
from robolearn.errors import DeviceError
from tests.autonomy.rig import START_RAD, ColumnReward, ReachWorld, base_policy, open_reach

HOLD_TICKS = 2


def trial(is_person_needed: bool = True, speed: float = 0.5) -> tuple[Trial, ReachWorld]:
    """A policy that reaches the goal, if it is quick enough."""
    cell, world = open_reach()
    witness = Witness(cell.station, cell.task.instruction, start_pose(cell.station, None)) if is_person_needed else None
    return Trial(cell, base_policy(speed), ColumnReward(), HOLD_TICKS, 4, witness), world


def at_the_terminal(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))


@pytest.mark.parametrize(("answer", "success"), [("y", True), ("n", False), ("N", False)])
def test_the_person_has_the_last_word(
    answer: str, success: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_the_terminal(monkeypatch, "", answer)
    asked, _ = trial()
    outcome = asked.run(seed=0)
    assert (outcome.success, outcome.judged_success, outcome.decided_by) == (success, True, BY_PERSON)
    assert "reach to the left" in capsys.readouterr().err


def test_the_episode_ends_when_the_reward_model_has_seen_success_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_terminal(monkeypatch, "", "y")
    known, _ = trial(is_person_needed=False)
    asked, _ = trial()
    by_truth, by_person = known.run(seed=0), asked.run(seed=0)
    assert by_truth.decided_by == BY_TRUTH and by_truth.success
    assert abs(by_person.steps - by_truth.steps) <= 2 < known.cell.max_ticks - by_truth.steps


def test_without_a_reward_model_it_goes_on_to_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_terminal(monkeypatch, "", "y")
    asked, _ = trial()
    outcome = replace(asked, reward=None).run(seed=0)
    assert outcome.steps == asked.cell.max_ticks and outcome.success and outcome.judged_success is None


def test_an_answer_that_is_none_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_the_terminal(monkeypatch, "", "perhaps", "", "y")
    assert trial()[0].run(seed=0).success
    assert capsys.readouterr().err.count("done?") == 3


def test_the_person_may_end_the_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_terminal(monkeypatch, "", "q")
    with pytest.raises(EnoughSeen):
        trial()[0].run(seed=0)


def test_nothing_moves_while_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_terminal(monkeypatch)
    asked, world = trial()
    before = world.arm.read().joint_position_rad
    with pytest.raises(DeviceError, match="cannot know whether its task was done, and nobody is at the terminal"):
        asked.run(seed=0)
    np.testing.assert_array_equal(world.arm.read().joint_position_rad, before)


def test_the_arm_goes_back_to_its_start_before_each_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = trial()
    station = asked.cell.station
    at_the_terminal(monkeypatch, "", "n", "")
    asked.run(seed=0)
    start = StartPose(np.array(START_RAD), 0.4)
    Witness(station, "reach", start).prepare()
    state = station.arm.read()
    assert np.abs(state.joint_position_rad - START_RAD).max() < 0.05
    assert state.gripper_opening == pytest.approx(0.4, abs=0.05)


def test_an_arm_that_stopped_itself_goes_on_only_when_the_person_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell, _ = open_reach()
    witness = Witness(cell.station, "reach", start_pose(cell.station, None))
    cell.station.arm.stop("a person pressed stop")
    at_the_terminal(monkeypatch)
    with pytest.raises(DeviceError, match="nobody is at the terminal"):
        witness.prepare()
    assert cell.station.arm.fault == "a person pressed stop"
    at_the_terminal(monkeypatch, "")
    witness.prepare()
    assert cell.station.arm.fault is None
    assert "has stopped (a person pressed stop): make it safe" in capsys.readouterr().err


def test_while_the_way_back_is_closed_the_person_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell, _ = open_reach()
    witness = Witness(cell.station, "reach", start_pose(cell.station, None))
    away = np.array(START_RAD) + np.array([0.0, 0.9, 0.0, 0.0, 0.0])
    monkeypatch.setattr(witness, "_start", StartPose(away, None))  # something has come into the way since
    at_the_terminal(monkeypatch, "", "", "q")
    with pytest.raises(EnoughSeen):
        witness.prepare()
    assert capsys.readouterr().err.count("way back to the start pose is closed") == 2


def test_a_start_pose_that_the_limits_close_is_named_before_anything_moves() -> None:
    cell, _ = open_reach()
    outside = StartPose(np.array(START_RAD) + np.array([0.0, 0.9, 0.0, 0.0, 0.0]), None)
    with pytest.raises(DeviceError, match="beyond the workspace or within 5 mm of its side.*robolearn teleop"):
        Witness(cell.station, "reach", outside)


def test_what_was_judged_is_kept_when_a_device_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, world = trial()
    at_the_terminal(monkeypatch, "", "y", "")

    def unplug(outcome: Outcome) -> None:
        world.camera.breaks_at_ns = 0

    (kept,) = one_after_the_other(asked, [0, 1, 2], unplug)
    assert kept.success and kept.decided_by == BY_PERSON
    with pytest.raises(DeviceError, match="the cable is out"):
        one_after_the_other(replace(asked, witness=None), [0, 1], unplug)


def test_the_start_pose_of_a_run_is_that_of_its_first_session(tmp_path: Path) -> None:
    cell, world = open_reach()
    path = tmp_path / "start_pose.json"
    first = start_pose(cell.station, path)
    world.arm.place(np.array([0.3, *START_RAD[1:]]))
    later = start_pose(cell.station, path)
    np.testing.assert_array_equal(later.joint_position_rad, first.joint_position_rad)
    assert later.gripper_opening == first.gripper_opening
    path.write_text(json.dumps({"joint_position_rad": list(START_RAD)}))
    assert start_pose(cell.station, path).gripper_opening is None
