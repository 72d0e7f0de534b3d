"""An actor in a lock-step world keeps step with its learner, and is not held up for ever by one that is gone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from drivers.clock import RealClock
from robolearn.autonomy.cell import is_lock_step
from robolearn.autonomy.pace import Pace
from robolearn.learning.progress_file import LearnerProgress
from robolearn.learning.ratio import Ratio
from tests.contract.fake_arm import SteppedClock

RATIO = Ratio(updates_per_step=2.0, first_steps=10, warmup_updates=0)


def progress(path: Path, updates: int, beat: int = 0) -> None:
    LearnerProgress(updates, 0, 0, beat).write(path)


def pace(path: Path, said: list[str], patience_s: float = 0.2, watched: list[int] | None = None) -> Pace:
    return Pace(path, RATIO, 5, patience_s, said.append, lambda: (watched or []).append(1))


def waits_s(one: Pace, steps: int) -> float:
    start_s = time.monotonic()
    one.wait(steps)
    return time.monotonic() - start_s


def test_an_actor_that_is_abreast_does_not_wait(tmp_path: Path) -> None:
    path, said = tmp_path / "progress.json", list[str]()
    progress(path, updates=40)
    one = pace(path, said, patience_s=60.0)
    assert waits_s(one, 30 + 5) < 1.0 and not said and not one.alone


def test_an_actor_that_is_ahead_waits_for_the_learner(tmp_path: Path) -> None:
    path, said, watched = tmp_path / "progress.json", list[str](), [0]
    progress(path, updates=40)
    one = pace(path, said, patience_s=60.0, watched=watched)
    timer = threading.Timer(0.3, progress, (path, 42))
    timer.start()
    assert waits_s(one, 36) >= 0.25
    timer.join()
    assert not said and len(watched) > 2


def test_a_learner_that_is_gone_is_given_up_after_the_patience_and_welcomed_back(tmp_path: Path) -> None:
    path, said, watched = tmp_path / "progress.json", list[str](), [0]
    one = pace(path, said, watched=watched)
    assert waits_s(one, 100) >= 0.2
    assert one.alone and "stood still" in said[0] and "robolearn learn" in said[0]
    looked = len(watched)
    one.wait(101)
    assert len(watched) == looked > 1
    progress(path, updates=1000)
    one.wait(102)
    assert not one.alone and "back" in said[1] and len(said) == 2


def test_a_learner_that_is_slow_but_alive_is_waited_for(tmp_path: Path) -> None:
    path, said = tmp_path / "progress.json", list[str]()
    one = pace(path, said, patience_s=1.0)
    stop = threading.Event()

    def beat() -> None:
        for number in range(30):
            progress(path, updates=100 if number >= 15 else 0, beat=number)
            if stop.wait(0.1):
                return

    thread = threading.Thread(target=beat)
    thread.start()
    waited_s = waits_s(one, 50)
    stop.set()
    thread.join()
    assert waited_s >= 1.2 and not said


def test_a_clock_that_stands_still_is_told_from_one_that_runs() -> None:
    assert is_lock_step(SteppedClock()) and not is_lock_step(RealClock())
