"""Evaluation over several processes: what one of them runs into is not the loss of what the others have done."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import psutil
import pytest

from robolearn.autonomy.evaluation import Outcome
from robolearn.autonomy.evaluation_pool import side_by_side
from robolearn.errors import ConfigError, DeviceError
from tests.autonomy.trials import trial
from tests.house.tree import ROOT

SEEDS = [0, 1, 2, 3]
PATIENCE_S = 60.0
EVALUATION = """
import multiprocessing, time
from robolearn.autonomy.evaluation_pool import side_by_side
from tests.autonomy.trials import trial

def told(outcome):
    print(*(worker.pid for worker in multiprocessing.active_children()), flush=True)
    time.sleep(600)

side_by_side(trial, [0, 1, 2, 3], 2, told)
"""


def test_a_fault_ends_its_own_episode_alone() -> None:
    told: list[Outcome] = []
    done = side_by_side(partial(trial, broken=1), SEEDS, 2, told.append)
    assert [one.seed for one in done.outcomes] == [0, 2, 3] == sorted(one.seed for one in told)
    assert all(one.success for one in done.outcomes)
    assert done.cut_short is not None and "1 of 4 episodes, the first with seed 1: front camera" in done.cut_short
    assert isinstance(done.error, DeviceError) and "the cable is out" in str(done.error)


def test_a_worker_that_is_killed_loses_no_episode_that_is_done() -> None:
    done = side_by_side(partial(trial, killed=3), SEEDS, 2, lambda _: None)
    assert {one.seed for one in done.outcomes} <= {0, 1, 2} and len(done.outcomes) >= 2
    assert isinstance(done.error, ConfigError) and "was killed" in (done.cut_short or "")


def test_what_no_episode_outlives_is_raised() -> None:
    with pytest.raises(ConfigError, match="set fewer workers"):
        side_by_side(partial(trial, killed=5), [5], 1, lambda _: None)


def test_workers_end_with_an_evaluation_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", EVALUATION], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as evaluation:
        assert evaluation.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in evaluation.stdout.readline().split()]
        evaluation.kill()
    assert len(workers) == 2
    assert not psutil.wait_procs(workers, PATIENCE_S)[1]
