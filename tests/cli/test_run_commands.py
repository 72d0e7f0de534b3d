"""The commands of a run: their stages in the twin, resuming, and plain words for bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from robolearn.autonomy.evaluation import Outcome, held_out_seeds
from robolearn.autonomy.evaluation_pool import EvaluationJob, evaluate
from robolearn.cli.main import BAD_INPUT, BAR_MISSED, OK, main
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore
from robolearn.episodes.record import read_record
from tests.cli.children import LISTEN
from tests.cli.tiny import tiny_config


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learning configuration with a tiny random tower."""
    return tiny_config(tmp_path_factory.mktemp("config"))


def words(command: str, config: Path, run: Path, *more: str) -> list[str]:
    given = ["--task", "lift_cube", "--config", str(config), "--run", str(run), "--json"]
    return [*command.split(), *given, *more]


def answer(capsys: pytest.CaptureFixture[str], argv: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """Exit status and the last line of stdout."""
    status = main(argv)
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return status, result


@pytest.mark.timeout(600)
def test_a_demo_that_was_interrupted_goes_on_where_it_was(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with started(words("demo", config, run)) as demo:
        wait_for_practice(run, demo)
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=200)
    assert demo.returncode == 130, err
    assert "stopped by the keyboard" in json.loads(out.splitlines()[-1])["error"]
    before = json.loads((run / "run.json").read_text())
    status, so_far = answer(capsys, ["report", str(run), "--json"])
    assert status == OK and so_far["report"] == str(run / "report.html")
    assert so_far["base_success"] is not None and so_far["final_success"] is None and so_far["demos"] == 3
    assert "eval_final.json" in (run / "report.html").read_text(encoding="utf-8"), "what is missing is named"
    status, result = answer(capsys, words("demo", config, run))
    after = json.loads((run / "run.json").read_text())
    assert status == BAR_MISSED
    assert {"base_success", "final_success", "ci95", "episodes", "demos", "robot_minutes", "wall_s"} < set(result)
    assert {"reward", "speed_vs_demo", "seed", "bars"} < set(result)
    assert {"precision", "recall", "fpr", "abstain"} == set(result["reward"])
    assert result["demos"] == 3 and result["robot_minutes"] >= 60 / 600
    assert all(after["stages_s"][name] == before["stages_s"][name] for name in ("record", "train base", "eval base"))
    assert (run / "report.html").is_file() and (run / "timing.json").is_file()
    kinds = [episode.kind for episode in EpisodeStore.open(run / "store").episodes()]
    assert kinds.count(EpisodeKind.DEMO) == 3 and kinds.count(EpisodeKind.PRACTICE) >= 1
    assert main(words("demo", config, run)) == BAR_MISSED
    again = capsys.readouterr()
    assert {**json.loads(again.out.splitlines()[-1]), "report": ""} == {**result, "report": ""}
    assert f"{run} was begun at {before['started']}: record, " in again.err
    assert "eval final done already, and not again. Give another folder with --run" in again.err


@contextmanager
def started(argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own, which does not outlive its test."""
    code = f"import sys\n{LISTEN}\nfrom robolearn.cli.main import main; sys.exit(main(sys.argv[1:]))"
    with subprocess.Popen([sys.executable, "-c", code, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def wait_for_practice(run: Path, demo: subprocess.Popen[bytes]) -> None:
    """Return in the midst of an episode of practice: its first row is committed."""
    deadline_s = time.monotonic() + 300
    while not any(practised(run)):
        assert demo.poll() is None, demo.communicate()
        assert time.monotonic() < deadline_s, "practice did not begin"
        time.sleep(0.05)


def practised(run: Path) -> list[int]:
    """Rows of each episode of practice."""
    if not (run / "run.json").is_file() or "eval base" not in json.loads((run / "run.json").read_text())["done"]:
        return []
    return [one.rows for one in EpisodeStore.open(run / "store").episodes() if one.kind is EpisodeKind.PRACTICE]


@pytest.mark.timeout(300)
def test_each_stage_says_what_is_missing_before_anything_moves(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    for command in ("train base", "train reward", "practice"):
        status, result = answer(capsys, words(command, config, run))
        assert status == BAD_INPUT and "robolearn record" in result["error"], command
    status, result = answer(capsys, words("record", config, run, "--demos", "1"))
    assert (status, result["demos"]) == (OK, 1)
    status, result = answer(capsys, words("practice", config, run))
    assert status == BAD_INPUT and "robolearn train base" in result["error"]
    status, result = answer(capsys, words("train base", config, run))
    assert status == OK
    status, result = answer(capsys, words("practice", config, run))
    assert status == BAD_INPUT and "robolearn train reward" in result["error"]
    (run / "base" / "weights.safetensors").unlink()
    status, result = answer(capsys, words("eval", config, run, "--policy", "base", "--episodes", "1"))
    assert status == BAD_INPUT and "robolearn train base" in result["error"]


class Handed(int):
    """A seed that notes when it is handed to a worker."""

    to_workers: ClassVar[list[int]] = []

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        self.to_workers.append(self)
        return int, (int(self),)


@pytest.mark.timeout(300)
def test_an_evaluation_that_is_interrupted_begins_no_further_episode(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    for command in ("record", "train base", "train reward"):
        assert answer(capsys, words(command, config, run))[0] == OK
    seeds = [Handed(seed) for seed in held_out_seeds(60)]
    threads = os.environ.get("OMP_NUM_THREADS")

    def interrupt(outcome: Outcome) -> None:
        raise KeyboardInterrupt

    done = evaluate(EvaluationJob(run, "so101_twin", "twin", "lift_cube", str(config), "base"), seeds, 2, interrupt)
    assert isinstance(done.error, KeyboardInterrupt) and done.cut_short == "stopped by the keyboard"
    assert done.outcomes
    assert 1 <= len(Handed.to_workers) <= 20
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_demonstrations_without_any_success_cannot_be_learned_from(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    answer(capsys, words("record", config, run, "--demos", "1"))
    (name,) = EpisodeStore.open(run / "store").ids()
    record = read_record(run / "store" / "episodes" / name)
    replace(record, label=False, ending=Ending.FAILURE).write(run / "store" / "episodes" / name)
    for command in ("train base", "train reward"):
        status, result = answer(capsys, words(command, config, run))
        assert status == BAD_INPUT and "success" in result["error"] and "robolearn record" in result["error"]


@pytest.mark.parametrize(
    ("argv", "fault"),
    [
        (["record", "--task", "lift_cub"], "unknown task 'lift_cub'. Did you mean 'lift_cube'?"),
        (["record", "--station", "so100"], "unknown station 'so100'"),
        (["record", "--config", "residul"], "Did you mean 'residual'?"),
        (["record", "--demos", "0"], "--demos must be at least 1"),
        (["record", "--teleop", "telepathy"], "unknown teleoperation device 'telepathy'"),
        (["eval", "--policy", "best"], "unknown policy 'best'"),
        (["eval", "--episodes", "0"], "--episodes must be at least 1"),
        (["practice", "--teleop", "telepathy"], "unknown teleoperation device 'telepathy'. Valid: gamepad, keyboard"),
        (["practice", "--teleop", "keyboard.yml"], "no configuration file keyboard.yml"),
        (["practice", "--station", "so101", "--teleop", "onlooker"], "at the real station so101 give station, its own"),
        (["demo", "--seed", "-1"], "outside"),
        (["demo", "--seed", "10000"], "outside"),
    ],
)
def test_bad_input_is_named_with_the_way_out(
    argv: list[str], fault: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [] if "--config" in argv else ["--config", str(config)]
    status, result = answer(capsys, [*argv, *given, "--run", str(tmp_path / "run"), "--json"])
    assert status == BAD_INPUT and fault in result["error"]


@pytest.mark.timeout(300)
def test_a_folder_is_a_runs_once_something_is_recorded_in_it(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    asked = ["--task", "cube_out_of_bin", "--station", "so101_twin_hd", "--config", str(config), "--run", str(run)]
    for command in ("train base", "practice", "learn", "eval"):
        status, result = answer(capsys, [*command.split(), *asked, "--seed", "1", "--json"])
        assert status == BAD_INPUT and not run.exists(), command
        repeated = f"--station so101_twin_hd --task cube_out_of_bin --config {config} --seed 1 --run {run}"
        assert f"robolearn record {repeated}" in result["error"], command
    status, result = answer(capsys, words("record", config, run, "--teleop", "keyboard", "--seed", "3"))
    assert status == BAD_INPUT and "is not a terminal" in result["error"]
    status, result = answer(capsys, words("record", config, run, "--demos", "1", "--seed", "1"))
    assert (status, result["demos"]) == (OK, 1)
    status, result = answer(capsys, words("train base", config, run, "--seed", "2"))
    assert status == BAD_INPUT and "seed 1, not 2" in result["error"] and "--run" in result["error"]


def test_a_learning_file_that_goes_by_the_name_of_another_is_refused(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "mine.yaml"
    copied.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
    status, result = answer(capsys, words("record", copied, tmp_path / "run"))
    assert status == BAD_INPUT and "mine.yaml: name: 'learning'" in result["error"]
    assert "Write 'name: mine'" in result["error"]


def test_demonstrations_seen_by_another_tower_are_refused(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, other = tmp_path / "run", tmp_path / "learning.yaml"
    assert answer(capsys, words("record", config, run, "--demos", "1"))[0] == OK
    text = config.read_text(encoding="utf-8").replace(f"tower: {config.parent / 'tower'}", "tower: twin")
    other.write_text(text, encoding="utf-8")
    for command in ("train base", "train reward"):
        status, result = answer(capsys, words(command, other, run))
        assert status == BAD_INPUT and "holds features of another image tower than 'twin'" in result["error"], command
