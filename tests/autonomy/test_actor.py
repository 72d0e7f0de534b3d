"""Practice: who acted, what was judged, which weights, how it ended, all of it in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robolearn.actions import ACTION_NAMES
from robolearn.autonomy.actor import Actor, Practised
from robolearn.autonomy.practice import Practice
from robolearn.contracts import Action, Decision, Ending, TeleopEvent, TeleopReading
from robolearn.episodes import EpisodeStore, ReplayBuffer, Source
from robolearn.episodes.check import check_store
from robolearn.errors import DeviceError, ModelError
from robolearn.learning.metrics import MetricsLog
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.weights import WeightsFolder
from robolearn.nodes.supervision import RunState, Supervised, Supervision
from robolearn.policies.residual import RESIDUAL, policy_weights
from robolearn.report.metrics import Metrics
from robolearn.seeds import PRACTICE
from tests.autonomy.rig import ReachingPerson, ReachWorld, base_policy, make_actor, open_reach, settings


class Stage:
    """An actor on a run of its own, and everything it said."""

    def __init__(self, folder: Path, speed: float = 0.6, time_limit_s: float = 3.0, **changes: str) -> None:
        self.run = RunFolder(folder)
        base_policy(speed).save(self.run.base)
        _, self.learning = settings(folder, **changes)
        self.said: list[str] = []
        self.cell, self.world = open_reach(time_limit_s)
        self.actor = make_actor(self.cell, self.run, self.learning.practice, self.learning, self.said.append)

    @property
    def store(self) -> EpisodeStore:
        return self.actor.store

    def publish(self, bias: float = 0.0) -> int:
        """Publish a residual that moves sideways by ``bias`` of its scale."""
        weights = policy_weights(None, self.actor.policy.network)  # type: ignore[attr-defined]
        weights[RESIDUAL + "head.3.bias"] = torch.tensor([0.0, bias, 0.0, 0.0, 0.0])
        return WeightsFolder(self.run.weights).publish(weights, updates=1)

    def practice(self) -> Practice:
        log = MetricsLog(self.run.metrics)
        return Practice(self.actor, self.actor.settings, log, lambda: None, lambda _: None)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_an_episode_ends_once_two_ticks_in_a_row_look_like_success_and_pays_once(stage: Stage) -> None:
    tally = stage.actor.episode(Practised())
    (episode,) = stage.store.episodes()
    columns = episode.columns()
    assert (tally.ending, episode.ending, episode.record.ground_truth) == (Ending.SUCCESS, Ending.SUCCESS, True)
    assert columns.decision[-2:].tolist() == [Decision.ABSTAIN.value, Decision.SUCCESS.value]
    assert columns.probability[-2:].tolist() == pytest.approx([0.98, 0.98])
    assert (columns.decision[:-2] == Decision.FAILURE.value).all()
    assert tally.steps == episode.rows - 1 and tally.reward == 1.0
    buffer = ReplayBuffer(stage.store.schema)
    for news in stage.store.tail()[0]:
        buffer.add(news)
    assert buffer.reward.rows.sum() == 1.0 and buffer.terminal.rows.sum() == 1


def test_actions_explore_around_the_base_action_and_both_are_kept(stage: Stage) -> None:
    stage.actor.episode(Practised())
    columns = stage.store.episodes()[0].columns()
    noise = (columns.requested - columns.base_action)[:-1]
    assert 0.01 < np.abs(noise).mean() < 0.15 and (columns.source[:-1] == Source.POLICY.value).all()
    assert np.isfinite(columns.base_action).all()


def test_an_episode_that_reaches_the_time_limit_is_cut_short(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=0.0, time_limit_s=0.7)
    tally = stage.actor.episode(Practised())
    (episode,) = stage.store.episodes()
    assert (tally.ending, tally.steps, episode.rows) == (Ending.TIMEOUT, 7, 8)
    assert np.isfinite(episode.columns().base_action[-1]).all()


def test_the_newest_weights_are_used_from_the_next_look_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=0.0, time_limit_s=2.0, refresh_ticks="5", exploration_noise="0.0")
    act = stage.cell.station.act
    acted: list[int] = []

    def publishing(action: Action) -> Any:
        acted.append(1)
        if len(acted) in (3, 8):
            stage.publish(bias=1.0)
        return act(action)

    stage.cell.station.act = publishing  # type: ignore[method-assign]
    stage.actor.episode(Practised())
    columns = stage.store.episodes()[0].columns()
    assert columns.weights_version[:12].tolist() == [-1] * 5 + [0] * 5 + [1] * 2
    residual = columns.requested - columns.base_action
    assert np.allclose(residual[:5], 0.0, atol=1e-6)
    assert np.allclose(residual[5:-1, 1], 0.4 * np.tanh(1.0), atol=1e-3)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:100] + b"\0" + data[101:], lambda _: b""]
)
def test_damaged_weights_are_named_once_and_the_old_ones_stay(stage: Stage, damage: Any) -> None:
    stage.publish()
    stage.actor.refresh()
    stage.publish(bias=1.0)
    newest = sorted(stage.run.weights.iterdir())[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    stage.actor.refresh()
    stage.actor.refresh()
    assert stage.actor.version == 0
    assert len(stage.said) == 1 and newest.name in stage.said[0] and "version 0 stays" in stage.said[0]
    stage.publish()
    stage.actor.refresh()
    assert stage.actor.version == 2


def test_weights_of_another_network_stop_practice_with_the_way_out(stage: Stage) -> None:
    WeightsFolder(stage.run.weights).publish({"head.0.weight": torch.zeros(3, 3)}, 1)
    with pytest.raises(ModelError, match="other settings"):
        stage.actor.episode(Practised())


def test_a_fault_cuts_the_episode_short_and_too_many_call_a_person(stage: Stage) -> None:
    stage.world.camera.breaks_at_ns = 400_000_000
    with pytest.raises(DeviceError, match="3 episodes in a row .* a person"):
        stage.practice().run()
    assert [episode.ending for episode in stage.store.episodes()] == [Ending.FAULT] * 3
    assert not any(report.problems for report in check_store(stage.store.path))
    assert "the cable is out" in stage.said[0]


def test_what_the_reward_model_saw_is_kept_when_the_scene_does_not_answer(stage: Stage) -> None:
    stage.world.scene_is_gone = True
    tally = stage.actor.episode(Practised())
    (episode,) = stage.store.episodes()
    assert (tally.ending, tally.reward, tally.fault) == (Ending.SUCCESS, 1.0, "")
    assert (episode.ending, episode.record.ground_truth) == (Ending.SUCCESS, None)
    assert episode.columns().decision[-1] == Decision.SUCCESS.value


class Helper(ReachingPerson):
    """Drives from the third tick to the sixth."""

    def read(self) -> TeleopReading:
        reading = super().read()
        driving = 3 <= self._reads <= 6
        return reading._replace(engaged=driving, event=TeleopEvent.NONE if driving else reading.event)


def helped(stage: Stage, world: ReachWorld, interrupts: dict[int, TeleopEvent] | None = None) -> Actor:
    stage.actor.teleop = Helper(world, interrupts)
    return stage.actor


def test_while_a_person_drives_their_action_is_done_and_marked(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=0.0, time_limit_s=1.0)
    tally = helped(stage, stage.world).episode(Practised())
    columns = stage.store.episodes()[0].columns()
    assert np.flatnonzero(columns.source == Source.INTERVENTION.value).tolist() == [2, 3, 4, 5]
    assert np.allclose(columns.requested[2:6, 1], [0.5 / 3, 1.0 / 3, 0.5, 0.5]) and tally.intervention_steps == 4
    assert Practised.of(stage.store).outcomes == (False,)


@pytest.mark.parametrize(
    ("event", "label"),
    [
        (TeleopEvent.FAILURE, False),
        (TeleopEvent.SUCCESS, True),
        (TeleopEvent.RERECORD, None),
        (TeleopEvent.ABORT, None),
    ],
)
def test_a_person_may_stop_an_episode_without_ending_the_task(
    tmp_path: Path, event: TeleopEvent, label: bool | None
) -> None:
    stage = Stage(tmp_path, speed=0.0)
    helped(stage, stage.world, {7: event}).episode(Practised())
    (episode,) = stage.store.episodes()
    assert (episode.ending, episode.record.label, episode.rows) == (Ending.STOPPED, label, 8)


def test_what_a_person_says_while_the_cell_is_reset_is_not_said_of_the_next_episode(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=0.0, time_limit_s=1.0)
    supervision = Supervision()
    supervision.say(RunState.RUNNING)
    stage.actor.teleop = Supervised(supervision, None, ACTION_NAMES, stage.world.clock)
    reset = stage.world.reset

    def slow_reset(seed: int) -> Any:
        supervision.mark(TeleopEvent.FAILURE)  # of the episode before
        return reset(seed)

    stage.world.reset = slow_reset  # type: ignore[method-assign]
    stage.actor.episode(Practised())
    (episode,) = stage.store.episodes()
    assert (episode.ending, episode.record.label) == (Ending.TIMEOUT, None)


def test_practice_ends_at_its_budget_and_goes_on_from_the_store(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=0.0, time_limit_s=1.0, robot_steps="25")
    practised = stage.practice().run()
    assert (practised.steps, practised.episodes) == (30, 3)
    again = Stage(tmp_path, speed=0.0, time_limit_s=1.0, robot_steps="45")
    assert Practised.of(again.store) == practised
    assert again.practice().run().steps == 50
    metrics = Metrics.of(stage.run.metrics)
    assert [line.robot_steps for line in metrics.episodes] == [10, 20, 30, 40, 50]
    seeds = [episode.record.info["seed"] for episode in again.store.episodes()]
    assert seeds == [PRACTICE.seed(number) for number in range(5)]


def test_practice_ends_early_once_the_newest_episodes_succeed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, robot_steps="5000", target_episodes="4", target_success="1.0")
    practised = stage.practice().run()
    assert practised.episodes == 4 and practised.success_rate(4) == 1.0 and practised.success_rate(5) is None


def test_abort_ends_practice(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=0.0, robot_steps="500")
    helped(stage, stage.world, {7: TeleopEvent.ABORT})
    assert stage.practice().run().episodes == 1
