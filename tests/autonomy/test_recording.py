"""Recording keeps what the person did and said, and goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robolearn.autonomy.recording import DemoSet, Recorder
from robolearn.contracts import Ending, TeleopEvent, TeleopReading
from robolearn.episodes import EpisodeStore, Source
from robolearn.episodes.check import check_store
from robolearn.errors import ConfigError, DeviceError
from robolearn.seeds import DEMOS
from tests.autonomy.rig import GOAL_Y_M, ReachingPerson, open_reach, schema


@pytest.fixture
def store(tmp_path: Path) -> EpisodeStore:
    return EpisodeStore.create(tmp_path / "store", schema())


def record(store: EpisodeStore, count: int, interrupts: dict[int, TeleopEvent] | None = None, **how: float) -> DemoSet:
    cell, world = open_reach(how.pop("time_limit_s", 3.0))
    person = ReachingPerson(world, interrupts, **how)
    return Recorder(cell, person, store, run_seed=0, paced=False).record(count, lambda _: None)


def test_demonstrations_hold_what_was_done_and_the_success_looked_at(store: EpisodeStore) -> None:
    demos = record(store, 2)
    assert (demos.count, demos.successes) == (2, 2)
    for number, episode in enumerate(store.episodes()):
        columns = episode.columns()
        assert episode.record.info["seed"] == DEMOS.seed(number)
        assert (episode.ending, episode.record.label, episode.record.ground_truth) == (Ending.SUCCESS, True, True)
        assert (columns.source[:-1] == Source.DEMO.value).all() and not columns.acted[-1]
        assert (columns.ee_pose_base[-4:, 1] >= GOAL_Y_M).all() and (columns.ee_pose_base[:-4, 1] < GOAL_Y_M).all()
        assert np.allclose(columns.requested[:-1], [0.0, 0.5, 0.0, 0.0, -0.5])
        assert columns.features is not None and np.isfinite(columns.features).all()
    mean_s = np.mean([episode.rows - 1 for episode in store.episodes()]) / 10
    assert demos.cycle_time_s == pytest.approx(mean_s, abs=0.021), "the first period begins with the episode"


def test_a_failure_and_a_timeout_count_as_failed_demonstrations(store: EpisodeStore) -> None:
    assert record(store, 1, {4: TeleopEvent.FAILURE}).failures == 1
    demos = record(store, 2, speed=0.0, time_limit_s=1.0)
    assert (demos.successes, demos.failures, demos.cycle_time_s) == (0, 2, None)
    failed, timed_out = store.episodes()
    assert (failed.ending, failed.record.label, failed.rows) == (Ending.FAILURE, False, 5)
    assert (timed_out.ending, timed_out.record.label, timed_out.rows) == (Ending.TIMEOUT, False, 11)


def test_an_attempt_thrown_away_does_not_count_and_its_start_comes_again(store: EpisodeStore) -> None:
    demos = record(store, 1, {3: TeleopEvent.RERECORD})
    thrown, kept = store.episodes()
    assert demos.count == 1
    assert (thrown.ending, thrown.record.label) == (Ending.STOPPED, None)
    assert thrown.record.info["seed"] == kept.record.info["seed"] == DEMOS.seed(0)


def test_abort_stops_recording_and_the_next_time_it_goes_on(store: EpisodeStore) -> None:
    assert record(store, 3, {30: TeleopEvent.ABORT}).count < 3
    demos = record(store, 3)
    assert demos.count == 3
    counted = [episode for episode in store.episodes() if episode.record.label is not None]
    assert [episode.record.info["seed"] for episode in counted] == [DEMOS.seed(number) for number in range(3)]


def test_a_store_that_holds_enough_is_left_alone(store: EpisodeStore) -> None:
    record(store, 1)
    assert record(store, 1).count == 1
    assert len(store.ids()) == 1


def test_a_broken_camera_ends_the_episode_as_a_fault_and_is_named(store: EpisodeStore) -> None:
    cell, world = open_reach()
    world.camera.breaks_at_ns = 450_000_000
    with pytest.raises(DeviceError, match="the cable is out"):
        Recorder(cell, ReachingPerson(world), store, 0, paced=False).record(1, lambda _: None)
    (episode,) = store.episodes()
    assert episode.ending is Ending.FAULT and episode.rows == 5
    assert not any(report.problems for report in check_store(store.path))
    assert DemoSet.of(store).count == 0


@pytest.mark.parametrize(("event", "label"), [(TeleopEvent.SUCCESS, True), (TeleopEvent.FAILURE, False)])
def test_what_the_person_said_is_kept_when_the_scene_no_longer_answers(
    store: EpisodeStore, event: TeleopEvent, label: bool
) -> None:
    cell, world = open_reach()

    class Leaving(ReachingPerson):
        """Ends the episode just as the scene goes."""

        def read(self) -> TeleopReading:
            reading = super().read()
            world.scene_is_gone = reading.event is event
            return reading

    demos = Recorder(cell, Leaving(world, {4: event}), store, 0, paced=False).record(1, lambda _: None)
    (episode,) = store.episodes()
    assert demos.count == 1 and world.scene_is_gone
    assert (episode.ending.value, episode.record.label, episode.rows) == (event.value, label, 5)
    assert episode.record.ground_truth is None


def test_while_nobody_drives_the_arm_stands_still_and_the_gripper_stays(store: EpisodeStore) -> None:
    cell, world = open_reach(time_limit_s=1.0)

    class Absent(ReachingPerson):
        """Looks on."""

        def read(self) -> TeleopReading:
            return super().read()._replace(engaged=False, action=np.zeros(5, np.float32))

    Recorder(cell, Absent(world), store, 0, paced=False).record(1, lambda _: None)
    columns = store.episodes()[0].columns()
    assert np.ptp(columns.ee_pose_base[:, :3], axis=0).max() < 1e-3
    assert np.ptp(columns.gripper_opening[3:]) < 0.05 and np.ptp(columns.requested[:-1], axis=0).max() < 1e-6


def test_a_device_with_other_actions_is_refused(store: EpisodeStore) -> None:
    cell, world = open_reach()
    person = ReachingPerson(world)
    person.action_names = ("dx", "dy")  # type: ignore[assignment]
    with pytest.raises(ConfigError, match="dx"):
        Recorder(cell, person, store, 0, paced=False)
