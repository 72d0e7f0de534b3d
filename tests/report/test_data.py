"""A run folder is read as it is, and refused where it contradicts itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robolearn.contracts import Ending
from robolearn.errors import BorderError, StoreError
from robolearn.report import load_run, summarize
from robolearn.report.metrics import Metrics
from tests.report import sample


def lines(path: Path, *values: dict[str, Any] | str) -> Path:
    """A metrics file of objects and raw lines."""
    path.write_text("".join((v if isinstance(v, str) else json.dumps(v)) + "\n" for v in values))
    return path


def test_the_figures_have_the_keys_of_a_demo_and_the_values_of_the_files(tmp_path: Path) -> None:
    figures = summarize(load_run(sample.write_run(tmp_path)), sample.BARS).figures()
    assert figures == {
        "base_success": 0.41,
        "final_success": 0.97,
        "ci95": [0.9155, 0.9897],
        "episodes": 140,
        "demos": 20,
        "robot_minutes": 18.25,
        "human_minutes": pytest.approx(81 / 600),  # 81 steps at 10 Hz
        "wall_s": pytest.approx(1043.5),
        "reward": {"precision": 0.9962, "recall": 0.9713, "fpr": 0.0031, "abstain": 0.0148},
        "speed_vs_demo": pytest.approx(1.5),
        "seed": 7,
    }
    json.dumps(figures, allow_nan=False)


def test_the_summary_is_ok_only_if_every_bar_holds(tmp_path: Path) -> None:
    run = load_run(sample.write_run(tmp_path))
    assert not summarize(run, sample.BARS).ok
    assert summarize(run, sample.BARS[:3]).ok


def test_no_success_after_practice_leaves_the_speed_unmeasured(tmp_path: Path) -> None:
    sample.write_json(tmp_path / "run.json", sample.RUN)
    failed = {"episodes": 10, "successes": 0, "ci95": [0.0, 0.2775], "cycle_time_s": None}
    sample.write_json(tmp_path / "eval_final.json", failed)
    summary = summarize(load_run(tmp_path), [])
    assert summary.final_success == 0.0
    assert summary.speed_vs_demo is None


def test_a_line_torn_by_a_kill_is_counted_and_left_out(tmp_path: Path) -> None:
    torn = '{"kind": "episode", "index": 1, "st'
    metrics = Metrics.of(lines(tmp_path / "m", sample.episode(0), torn, sample.episode(1, 200), torn))
    assert [episode.index for episode in metrics.episodes] == [0, 1]
    assert metrics.torn_lines == 2


def test_of_an_episode_logged_twice_the_later_line_counts(tmp_path: Path) -> None:
    again = sample.episode(0, success=False, ending="timeout")
    (episode,) = Metrics.of(lines(tmp_path / "m", sample.episode(0), again)).episodes
    assert (episode.success, episode.ending) == (False, Ending.TIMEOUT)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"kind": "episod"}, r"line 1: unknown kind 'episod'\. Did you mean 'episode'\?"),
        (sample.episode(ending="timout"), r"unknown ending 'timout'\. Did you mean 'timeout'\?"),
        (sample.episode(steps=-1), r"'steps' must be a whole number, 0 or more, got -1"),
        (sample.episode(success=1), r"'success' must be true or false, got 1"),
        ('{"kind": "update", "critic_loss": NaN}', r"line 1: NaN is not a number"),
        ("[1, 2]", r"line 1: expected a JSON object, got list"),
    ],
)
def test_an_unfit_line_is_refused_by_number(tmp_path: Path, line: dict[str, Any] | str, message: str) -> None:
    with pytest.raises(BorderError, match=message):
        Metrics.of(lines(tmp_path / "m", line))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("run.json", {"policy_hz": 0}, r"'policy_hz' must be a number in \[0\.001, 10000\], got 0"),
        ("run.json", {"seed": True}, r"'seed' must be a whole number"),
        ("run.json", {"stages_s": {"record": -1.0}}, r"stages_s: 'record' must be a number in \[0, inf\]"),
        (
            "eval_final.json",
            {"successes": 98, "ci95": [0.93, 0.99]},
            r"says 98 of 100 successes, but lists 97 of 100",
        ),
        ("eval_final.json", {"ci95": [0.98, 0.99]}, r"97 of 100 successes do not lie inside their interval"),
        ("eval_final.json", {"ci95": [0.9]}, r"'ci95' must be a list of 2 numbers"),
        ("eval_final.json", {"frames": [{"seed": 1, "label": "mean", "images": []}]}, r"Valid: best, worst"),
        (
            "eval_final.json",
            {"frames": [{"seed": 1, "label": "best", "images": ["../x.png"]}]},
            r"leaves the run folder",
        ),
        ("reward.json", {"recall": 1.2}, r"'recall' must be a number in \[0, 1\], got 1\.2"),
        ("reward.json", {"threshold_high": 0.1}, r"'threshold_high' must be a number in \[0\.38, 1\]"),
        ("reward.json", {"confusion": [[1, 2]]}, r"must be \[\[tn, fp\], \[fn, tp\]\]"),
        (
            "timing.json",
            {"store": {"p50_ms": 3, "p99_ms": 2, "budget_ms": 5}},
            r"store: 'p99_ms' must be a number in \[3",
        ),
    ],
)
def test_a_file_that_is_unfit_is_refused_by_name(
    tmp_path: Path, file: str, change: dict[str, Any], message: str
) -> None:
    path = sample.write_run(tmp_path) / file
    sample.write_json(path, {**json.loads(path.read_text()), **change})
    with pytest.raises(BorderError, match=message) as caught:
        load_run(tmp_path)
    assert file in str(caught.value)


def test_a_file_that_is_not_json_is_refused_with_the_way_out(tmp_path: Path) -> None:
    sample.write_run(tmp_path)
    (tmp_path / "reward.json").write_text('{"precision": 0.9')
    with pytest.raises(StoreError, match=r"reward\.json: not JSON .* Run the stage that writes it again"):
        load_run(tmp_path)


def test_a_ratio_without_denominator_is_none_not_zero(tmp_path: Path) -> None:
    sample.write_run(tmp_path)
    sample.write_json(tmp_path / "reward.json", {**sample.REWARD, "precision": None})
    run = load_run(tmp_path)
    assert run.reward is not None
    assert run.reward.precision is None
