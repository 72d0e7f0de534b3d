"""The learner keeps its ratio, publishes, and goes on exactly where its checkpoint was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from robolearn.errors import ModelError, StoreError
from robolearn.learning import checkpoint
from robolearn.learning.learner import Learner
from robolearn.learning.metrics import MetricsLog
from robolearn.learning.progress_file import LearnerProgress, read_progress
from robolearn.learning.ratio import Ratio
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.weights import WeightsFolder
from robolearn.policies.chunk import ChunkPolicy
from tests.learning.runs import add_practice, learner_of, make_run


def until(learner: Learner, updates: int) -> None:
    """Learn until ``updates`` are done, or for two looks at the store without any."""
    idle = [0, -1]

    def stop() -> bool:
        idle[0] = idle[0] + 1 if learner.updates == idle[1] else 0
        idle[1] = learner.updates
        return learner.updates >= updates or idle[0] > 30

    learner.run(stop)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path)


def test_updates_and_steps_belong_to_each_other() -> None:
    ratio = Ratio(updates_per_step=1.5, first_steps=100, warmup_updates=50)
    assert [ratio.updates_due(steps) for steps in (0, 100, 102, 200)] == [50, 50, 53, 200]
    assert [ratio.steps_covered(updates) for updates in (0, 50, 53, 200)] == [100, 100, 102, 200]


def test_it_warms_up_on_demonstrations_and_then_waits_for_practice(run: RunFolder) -> None:
    learner = learner_of(run)
    until(learner, 10_000)
    assert learner.updates == 30
    add_practice(run, rows=31)
    until(learner, 10_000)
    assert (learner.practice_steps, learner.updates) == (30, 30 + 20)


def test_it_publishes_before_the_first_update_and_at_the_end(run: RunFolder) -> None:
    learner = learner_of(run)
    until(learner, 5)
    newest = WeightsFolder(run.weights).load(learner.version)
    assert learner.version == 1 and newest.updates == learner.updates == 5
    expected = learner_of(run).version
    assert expected == learner.version


def test_a_new_process_goes_on_from_the_same_numbers(run: RunFolder) -> None:
    add_practice(run, rows=41)
    until(learner_of(make_twin(run, "straight")), 40)
    until(learner_of(make_twin(run, "broken")), 25)
    resumed = learner_of(RunFolder(run.path.parent / "broken"))
    assert resumed.updates == 25
    until(resumed, 40)
    one, other = (checkpoint.load(RunFolder(run.path.parent / name).checkpoint) for name in ("straight", "broken"))
    assert one and other and one.updates == other.updates == 40
    assert one.sampler == other.sampler
    for name, tensor in one.agent.items():
        torch.testing.assert_close(other.agent[name], tensor, rtol=0, atol=0, msg=name)


def test_after_a_restart_base_actions_are_those_of_the_base_that_was_cloned_in_practice(run: RunFolder) -> None:
    until(learner_of(run), 5)
    add_practice(run, rows=41)
    until(learner_of(run), 10)
    resumed = learner_of(run)
    resumed.run(lambda: True)
    buffer, first = resumed._buffer, ChunkPolicy.load(run.base)
    assert buffer.practice.size == 40 and len(buffer.episodes) == 3
    for name in buffer.episodes:
        rows = buffer.rows_of(name)
        seen = buffer.features.rows[rows][:, :, 0].astype(np.float32), buffer.proprio.rows[rows]
        np.testing.assert_array_equal(buffer.base_action.rows[rows], resumed._base.propose(*seen), err_msg=name)
        assert not np.allclose(resumed._base.propose(*seen), first.propose(*seen)), "it was cloned anew"


def make_twin(run: RunFolder, name: str) -> RunFolder:
    """Another run on the same data."""
    twin = RunFolder(run.path.parent / name)
    twin.path.mkdir()
    for part in ("store", "base"):
        (twin.path / part).symlink_to(run.path / part)
    return twin


def test_it_says_how_far_it_is_and_logs_its_updates(run: RunFolder) -> None:
    learner = learner_of(run)
    until(learner, 20)
    learner._look()
    progress = read_progress(run.progress)
    assert progress and (progress.updates, progress.version) == (20, learner.version) and progress.beat > 1
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20]
    assert all(np.isfinite(line["critic_loss"]) and line["actor_loss"] is None for line in lines)


def test_a_damaged_checkpoint_is_refused(run: RunFolder) -> None:
    until(learner_of(run), 3)
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:200])
    with pytest.raises(ModelError, match="or remove it"):
        learner_of(run)


def test_a_checkpoint_of_other_settings_is_refused(run: RunFolder) -> None:
    until(learner_of(run), 3)
    with pytest.raises(ModelError, match="other settings"):
        learner_of(run, hidden="[8]")


def test_only_one_learner_works_on_a_run(run: RunFolder) -> None:
    with (
        run.alone("learner"),
        pytest.raises(StoreError, match="another learner is at work"),
        run.alone("learner", patience_s=0.1),
    ):
        pass
    with run.alone("learner", patience_s=0.1), run.alone("actor", patience_s=0.1):
        pass


def test_a_line_that_a_kill_tore_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"kind": "update", "ste')
    log = MetricsLog(path)
    log.write("episode", {"index": 1})
    log.write("episode", {"index": 2})
    assert path.read_text().splitlines()[1:] == ['{"kind": "episode", "index": 1}', '{"kind": "episode", "index": 2}']
    with pytest.raises(ValueError, match="JSON compliant"):
        log.write("update", {"critic_loss": float("nan")})


def test_progress_that_nobody_wrote_or_that_is_damaged_is_none(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    assert read_progress(path) is None
    path.write_text('{"updates": 1')
    assert read_progress(path) is None
    progress = LearnerProgress(updates=5, practice_steps=6, version=7, beat=8)
    progress.write(path)
    assert read_progress(path) == progress
