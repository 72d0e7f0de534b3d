"""Evaluation in a cell that does not know the truth: the reward model ends an episode, and a person judges it."""

from __future__ import annotations

import io
import itertools
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robolearn.autonomy.evaluation import BY_PERSON, BY_TRUTH, Trial, as_json
from robolearn.autonomy.evaluation_pool import one_after_the_other
from robolearn.autonomy.homing import StartPose, start_pose
from robolearn.autonomy.witness import EnoughSeen, Witness
from robolearn.contracts import ArmCommand, Executed
from robolearn.errors import BorderError, DeviceError
from robolearn.station import NS
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


def test_a_command_that_comes_late_on_the_way_back_is_told_and_the_person_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell, world = open_reach()
    start = start_pose(cell.station, None)
    witness = Witness(cell.station, "reach", start)
    world.arm.place(np.array([0.3, *START_RAD[1:]]))
    command = world.arm.command

    def after_a_stall(late: ArmCommand) -> Executed:
        monkeypatch.undo()
        at_the_terminal(monkeypatch, "")
        world.clock.sleep_until(world.clock.now_ns() + NS)
        return command(late)

    at_the_terminal(monkeypatch, "")
    monkeypatch.setattr(world.arm, "command", after_a_stall)
    witness.prepare()
    assert capsys.readouterr().err.count("fake command") == 1
    assert np.abs(cell.station.arm.read().joint_position_rad - start.joint_position_rad).max() < 0.05


def test_a_start_pose_that_the_limits_close_is_named_before_anything_moves() -> None:
    cell, _ = open_reach()
    outside = StartPose(np.array(START_RAD) + np.array([0.0, 0.9, 0.0, 0.0, 0.0]), None)
    with pytest.raises(DeviceError, match="beyond the workspace or within 5 mm of its side.*robolearn teleop"):
        Witness(cell.station, "reach", outside)


def unplug(world: ReachWorld) -> None:
    world.camera.breaks_at_ns = 0


def go_stale(world: ReachWorld) -> None:
    """The camera goes on to deliver, with the stamp of long ago."""
    read = world.camera.read
    world.camera.read = lambda: read()._replace(stamp_ns=0)  # type: ignore[method-assign]


def be_late_once(world: ReachWorld) -> None:
    """The sixth picture from now on is of long ago."""
    reads, read = itertools.count(), world.camera.read
    world.camera.read = lambda: read()._replace(**{"stamp_ns": 0} if next(reads) == 5 else {})  # type: ignore[method-assign]


def press_ctrl_c(world: ReachWorld) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_picture_that_came_late_ends_its_own_episode_which_is_judged(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, world = trial()
    at_the_terminal(monkeypatch, "", answer, "", "y")
    be_late_once(world)
    done = one_after_the_other(asked, [0, 1], lambda _: None)
    assert done.cut_short is None and [one.success for one in done.outcomes] == [answer == "y", True]
    assert "camera front: age" in done.outcomes[0].stopped and done.outcomes[0].steps == 4
    assert not done.outcomes[1].stopped


def test_where_nobody_judges_a_picture_that_came_late_is_raised() -> None:
    asked, world = trial(is_person_needed=False)
    be_late_once(world)
    with pytest.raises(BorderError, match="camera front: age"):
        asked.run(seed=0)


@pytest.mark.parametrize(
    ("harm", "why", "is_raised_later"),
    [
        (unplug, "the cable is out", False),
        (go_stale, "camera front", False),
        (press_ctrl_c, "stopped by the keyboard", True),
    ],
)
def test_what_was_judged_is_kept_whatever_ends_the_evaluation(
    monkeypatch: pytest.MonkeyPatch, harm: Callable[[ReachWorld], None], why: str, is_raised_later: bool
) -> None:
    asked, world = trial()
    at_the_terminal(monkeypatch, "", "y", "")
    done = one_after_the_other(asked, [0, 1, 2], lambda _: harm(world))
    assert [(one.seed, one.success, one.decided_by) for one in done.outcomes] == [(0, True, BY_PERSON)]
    assert done.cut_short is not None and why in done.cut_short
    assert isinstance(done.error, KeyboardInterrupt) is is_raised_later is (done.error is not None)
    assert why in as_json(done, 10.0, [])["cut_short"]


def test_the_file_of_a_whole_evaluation_says_that_it_is_whole() -> None:
    done = one_after_the_other(trial(is_person_needed=False)[0], [0, 1], lambda _: None)
    assert len(done.outcomes) == 2 and done.error is None
    assert as_json(done, 10.0, [])["cut_short"] is None


@pytest.mark.parametrize("is_person_needed", [True, False])
def test_a_fault_before_the_first_outcome_is_raised(monkeypatch: pytest.MonkeyPatch, is_person_needed: bool) -> None:
    asked, world = trial(is_person_needed)
    at_the_terminal(monkeypatch, "")
    go_stale(world)
    with pytest.raises(BorderError, match="camera front"):
        one_after_the_other(asked, [0, 1], lambda _: None)


def test_where_nobody_judged_a_fault_is_still_to_be_raised() -> None:
    asked, world = trial(is_person_needed=False)
    done = one_after_the_other(asked, [0, 1], lambda _: unplug(world))
    assert len(done.outcomes) == 1 and isinstance(done.error, DeviceError)


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
