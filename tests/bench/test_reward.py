"""``robolearn bench reward``: fresh frames with mishaps, the truth beside each, and figures that add up."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from robolearn.bench.reward import mistakes, report, write_sheet
from robolearn.bench.reward_frames import Judged, RewardJob, judged_frames
from robolearn.cli.main import BAD_INPUT, BAR_MISSED, OK, main
from robolearn.errors import BenchError
from robolearn.rewards.classifier import ClassifierShape
from robolearn.seeds import REWARD_BENCH

TASK, DEMOS, FRAMES = "lift_cube", 6, 60
SHAPE = ClassifierShape(
    "tower", ("front",), 4, ("up",), ("down",), hidden=4, dropout=0.0, members=1, temperature=1.0,
    success_above=0.8, failure_below=0.3, version=1,
)  # fmt: skip


def frame(success: bool, probability: float, settled: bool = True, situation: str = "held up") -> Judged:
    pictures = (np.full((8, 12, 3), 200, np.uint8), np.full((8, 12, 3), 50, np.uint8))
    return Judged(REWARD_BENCH.seed(0), 5, success, settled, situation, "none", probability, pictures)


JUDGED = [
    frame(True, 0.9), frame(True, 0.8), frame(True, 0.5), frame(True, 0.1, settled=False),
    frame(False, 0.1), frame(False, 0.95, situation="falling"), frame(False, 0.4), frame(False, 0.2),
    frame(False, 0.9, settled=False),
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with demonstrations and a classifier."""
    folder = tmp_path_factory.mktemp("run")
    assert main(["record", "--task", TASK, "--run", str(folder), "--demos", str(DEMOS)]) == OK
    assert main(["train", "reward", "--task", TASK, "--run", str(folder)]) == OK
    return folder


def test_the_command_measures_a_run_and_its_bars_decide(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = run / "sheets" / "mistakes.png"
    words = ["--task", TASK, "--run", str(run), "--frames", str(FRAMES), "--workers", "1", "--sheet", str(sheet)]
    status = main(["bench", "reward", *words, "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    bars = {bar["name"]: bar for bar in result["bars"]}
    assert set(bars) == {"fpr", "recall"}
    assert status == (OK if all(bar["ok"] for bar in bars.values()) else BAR_MISSED)
    (tn, fp), (fn, tp) = result["confusion"]
    assert tn + fp + fn + tp == result["frames"] == FRAMES
    assert result["fpr"] == pytest.approx(fp / (fp + tn)) and result["recall"] == pytest.approx(tp / (tp + fn))
    assert 0.2 <= result["successes"] / FRAMES <= 0.6
    assert result["recall"] > 0.6 and result["fpr"] < 0.2  # few demos, yet far from guessing
    for kinds in (result["situations"], result["mishaps"]):
        assert sum(kind["failing"] + kind["succeeding"] for kind in kinds.values()) == FRAMES
        assert sum(kind["false_positives"] for kind in kinds.values()) == fp
    assert sheet.is_file() == (fp + fn > 0)


def test_the_frames_are_the_same_for_any_number_of_workers(run: Path) -> None:
    job = RewardJob(run, "so101_twin", TASK, "residual")
    alone, shared = (judged_frames(job, 15, workers, lambda _: None) for workers in (1, 2))
    assert sum(one.settled for one in alone) == 15
    assert [one._replace(pictures=(), probability=0.0) for one in alone] == [
        one._replace(pictures=(), probability=0.0) for one in shared
    ]
    np.testing.assert_allclose([one.probability for one in alone], [one.probability for one in shared], atol=1e-4)
    assert {one.seed for one in alone} <= set(range(REWARD_BENCH.first, REWARD_BENCH.stop))
    assert all(bool(one.pictures) == ((one.probability >= threshold(run)) != one.success) for one in alone)


def threshold(run: Path) -> float:
    return float(json.loads((run / "reward" / "model.json").read_text())["success_above"])


def test_frames_at_a_change_of_the_truth_are_left_out_and_reported_apart() -> None:
    result = report(JUDGED, SHAPE)
    assert (result["frames"], result["left_out_at_changes"]) == (7, 2)
    assert result["confusion"] == ((3, 1), (1, 2))
    assert (result["recall"], result["fpr"], result["precision"]) == (2 / 3, 1 / 4, 2 / 3)
    assert result["abstain"] == 2 / 7
    assert (result["with_changes"]["recall"], result["with_changes"]["fpr"]) == (2 / 4, 2 / 5)
    assert result["situations"]["falling"] == {"failing": 1, "false_positives": 1, "succeeding": 0, "missed": 0}


def test_without_a_successful_frame_the_recall_bar_is_missed() -> None:
    bars = {bar["name"]: bar["ok"] for bar in report([frame(False, 0.1)], SHAPE)["bars"]}
    assert bars == {"fpr": True, "recall": False}


def test_the_sheet_shows_false_successes_first(tmp_path: Path) -> None:
    wrong = mistakes(JUDGED, SHAPE)
    assert [(one.success, one.probability) for one in wrong] == [(False, 0.95), (True, 0.5)]
    write_sheet(tmp_path / "sheet.png", wrong)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (14 + 8, 4 * 2 * 12, 3)
    assert (sheet[14:, :12] == 200).all() and (sheet[14:, 48:] == 0).all()
    with pytest.raises(BenchError, match="nothing to put on the sheet"):
        write_sheet(tmp_path / "none.png", [])


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--frames", "0", "at least 1"), ("--workers", "0", "at least 1"), ("--task", "lift_cub", "lift_cube")],
)
def test_bad_words_are_named(
    option: str, value: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "reward", "--run", str(tmp_path / "run"), option, value]) == BAD_INPUT
    assert message in capsys.readouterr().err


def test_a_run_without_a_classifier_says_how_to_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "reward", "--run", str(tmp_path / "run")]) == BAD_INPUT
    assert "robolearn train reward" in capsys.readouterr().err
