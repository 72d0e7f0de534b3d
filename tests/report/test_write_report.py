"""The page says what the files say, and nothing where there is no file."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from robolearn.errors import BorderError, StoreError
from robolearn.report import write_report
from tests.report import sample


def words(page: str) -> str:
    """The readable text of a page, one space between words."""
    body = page[page.index("<body>") :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def section(page: str, name: str) -> str:
    """The readable text of one section."""
    start = page.index(f'<section id="{name}"')
    return words("<body>" + page[start : page.index("</section>", start)])


def rewrite(path: Path, **changes: Any) -> None:
    """Change some keys of a JSON file."""
    sample.write_json(path, {**json.loads(path.read_text()), **changes})


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return sample.write_run(tmp_path / "run")


@pytest.fixture
def page(run_dir: Path) -> str:
    return write_report(run_dir, sample.BARS).read_text(encoding="utf-8")


def test_the_report_lies_in_the_run_folder(run_dir: Path) -> None:
    assert write_report(run_dir, sample.BARS) == run_dir / "report.html"


def test_the_headline_holds_success_intervals_times_and_speed(page: str) -> None:
    said = section(page, "headline")
    assert "41 % → 97 %" in said
    assert "97 of 100 held-out resets" in said
    assert "31.9 to 50.8 % before, 91.5 to 99.0 % after" in said
    assert "robot time practised 18.2 min" in said  # 10,950 steps at 10 Hz
    assert "wall time, all stages 17 min 24 s" in said  # the six stages sum up to 1043.5 s
    assert "speed against the demos 1.5×" in said  # 9.6 s over 6.4 s
    assert "demonstrations 20 practice episodes 140 episodes with help 6" in said


def test_every_bar_stands_in_the_table_with_its_verdict(page: str) -> None:
    said = section(page, "bars")
    assert "1 of 4 missed" in said
    assert "final_success 0.97 ≥ 0.95 ✓ holds" in said
    assert "robot_minutes 18.25 ≤ 30 ✓ holds" in said
    assert "wall_s 1043.5 ≤ 900 ✗ missed" in said


def test_the_reward_model_is_shown_with_its_confusion_and_thresholds(page: str) -> None:
    said = section(page, "reward")
    assert "precision 99.6 % recall 97.1 % false-positive rate 0.31 % abstained 1.5 %" in said
    assert "truly failure 2,571 true negatives 8 false positives" in said
    assert "truly success 62 false negatives 2,101 true positives" in said
    assert "abstained on 71 frames: between 38 % and 81 %" in said
    assert "agreed 98 of 99 success claimed wrongly 0 success missed 1 no verdict 1" in said


def test_each_calibration_bin_is_a_point_at_its_place(page: str) -> None:
    chart = page[page.index("Calibration of the reward model") :]
    chart = chart[: chart.index("</svg>")]
    points = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', chart)
    assert len(points) == 10
    bins = sample.REWARD["calibration"]
    for (x, y), measured in zip(points, bins, strict=True):  # the plot area is 400 by 270 from (58, 12)
        assert float(x) == pytest.approx(58 + 400 * measured["mean_probability"], abs=0.01)
        assert float(y) == pytest.approx(12 + 270 * (1 - measured["success_rate"]), abs=0.01)


def test_each_part_of_a_control_step_stands_beside_its_budget(page: str) -> None:
    said = section(page, "timing")
    assert "encode 6.4 9.7 30 ✓ within" in said
    assert "store 0.63 6.2 5 ✗ over" in said
    assert "Over budget at the 99th percentile: store." in said
    assert "practice 12 min 43 s" in said


def test_the_notes_say_who_decided_success_and_how_often_a_person_helped(page: str) -> None:
    said = section(page, "notes")
    assert "Evaluation after practice: success was decided by ground truth of the twin." in said
    lines = [line for line in sample.practice() if line["kind"] == "episode"]
    judged = sum(line["success"] for line in lines)
    steps = sum(line["intervention_steps"] for line in lines)
    assert f"decided by the reward model, {judged} of 140 episodes" in said
    assert f"intervened in 6 of 140 practice episodes, for {steps} of 10,950 steps" in said


def test_the_command_that_repeats_the_run_is_given(page: str) -> None:
    assert "robolearn demo --task cube_in_bin --seed 7 --json" in section(page, "reproduce")


def test_an_evaluation_that_does_not_say_who_decided_is_called_out(run_dir: Path) -> None:
    rewrite(run_dir / "eval_base.json", decided_by=None)
    page = write_report(run_dir, sample.BARS).read_text()
    assert "Evaluation before practice: its file does not say who decided success." in section(page, "notes")


def test_an_evaluation_that_was_cut_short_says_why(run_dir: Path) -> None:
    assert "cut short" not in section(write_report(run_dir, sample.BARS).read_text(), "notes")
    rewrite(run_dir / "eval_final.json", cut_short="the cable is out")
    page = write_report(run_dir, sample.BARS).read_text()
    assert "ground truth of the twin. It was cut short (the cable is out)." in section(page, "notes")


def test_nothing_is_loaded_from_anywhere_and_no_script_runs(page: str) -> None:
    assert set(re.findall(r'(?:src|href)="([^,"]+,)', page)) == {"data:image/jpeg;base64,"}
    rest = re.sub(r'"data:image/jpeg;base64,[A-Za-z0-9+/=]+"', "", page)
    assert not re.search(r"//|url\(|<script|<link|<iframe|@import|javascript:|\bon[a-z]+=", rest)


def test_strips_carry_eight_of_their_pictures_first_and_last_among_them(run_dir: Path, page: str) -> None:
    addresses = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]+)"', page)
    assert [alt for _, alt in addresses][::15] == [
        "Best: reset seed 1005, success after 65 steps: picture 1 of 8",
        "Worst: reset seed 1098, no success after 200 steps: picture 8 of 8",
    ]
    for (code, _), name in (
        (addresses[0], "best_00"),
        (addresses[7], "best_11"),
        (addresses[15], "worst_11"),
    ):
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(code), np.uint8), cv2.IMREAD_COLOR)
        original = cv2.imread(str(run_dir / "frames" / f"{name}.png"))
        assert np.abs(shown.astype(int) - original.astype(int)).mean() < 4


def test_a_picture_that_is_missing_or_damaged_is_named(run_dir: Path) -> None:
    (run_dir / "frames" / "best_00.png").unlink()
    (run_dir / "frames" / "worst_11.png").write_bytes(b"\x89PNG torn")
    said = section(write_report(run_dir, sample.BARS).read_text(), "episodes")
    assert "Missing or not readable as a picture: best_00.png." in said
    assert "Missing or not readable as a picture: worst_11.png." in said


@pytest.mark.parametrize(
    ("file", "sections"),
    [
        ("metrics.jsonl", ("learning", "practice")),
        ("eval_base.json", ("success",)),
        ("eval_final.json", ("success", "episodes")),
        ("reward.json", ("reward",)),
        ("timing.json", ("timing",)),
    ],
)
def test_a_missing_file_is_named_in_its_sections(run_dir: Path, file: str, sections: tuple[str, ...]) -> None:
    (run_dir / file).unlink()
    page = write_report(run_dir, sample.BARS).read_text()
    for name in sections:
        assert re.search(rf"Missing: {re.escape(file)}", section(page, name)), name


def test_a_run_that_has_only_begun_shows_no_figure_that_was_not_measured(tmp_path: Path) -> None:
    sample.write_json(tmp_path / "run.json", {**sample.RUN, "stages_s": {}, "demos": None, "demo_cycle_time_s": None})
    page = write_report(tmp_path, []).read_text()
    said = section(page, "headline")
    assert "not measured → not measured" in said
    assert said.count("not measured") == 2 + 2 + 5  # rates, intervals, and all facts but the wall time
    assert "%" not in said.replace("Wilson 95 %", "")
    assert "No bar was given for this run." in section(page, "bars")
    assert "<svg" not in page


def test_text_from_the_files_cannot_become_markup(run_dir: Path) -> None:
    rewrite(run_dir / "run.json", task="<script>alert(1)</script>")
    rewrite(run_dir / "timing.json", **{"<b>x</b>": {"p50_ms": 1, "p99_ms": 2, "budget_ms": 3}})
    page = write_report(run_dir, [{"name": "<i>", "value": None, "bar": 1, "ok": False}]).read_text()
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;i&gt;" in page


def test_a_figure_that_is_not_a_number_is_shown_as_such_and_its_bar_is_missed(run_dir: Path) -> None:
    bars = [{"name": "final_success", "value": float("nan"), "bar": 0.95, "sense": ">=", "ok": False}]
    assert "final_success nan ≥ 0.95 ✗ missed" in section(write_report(run_dir, bars).read_text(), "bars")


def test_a_folder_without_run_json_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"has no run\.json\. Give the folder of a run"):
        write_report(tmp_path, [])


def test_a_bar_without_verdict_is_refused(run_dir: Path) -> None:
    with pytest.raises(BorderError, match=r"bars\[0\]: 'ok' must be true or false, got nothing"):
        write_report(run_dir, [{"name": "wall_s", "value": 1.0, "bar": 2.0}])
