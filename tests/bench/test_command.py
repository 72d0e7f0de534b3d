"""``robolearn bench`` with our real side, beside a stand-in for the peers with figures of our choice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robolearn.bench import twin
from robolearn.cli.main import BAD_INPUT, BAR_MISSED, OK, main

QUICK = ["--seconds", "0.2", "--rounds", "1", "--threads", "1", "--json"]


def peers(folder: Path, **figures: float) -> list[str]:
    """Option that names an environment whose interpreter answers every script with ``figures``."""
    interpreter = folder / "bin" / "python"
    interpreter.parent.mkdir()
    line = json.dumps({"figures": figures, "settings": {"threads": 1}, "versions": {"peer": "1.0"}})
    interpreter.write_text(f"#!/bin/sh\necho '{line}'\n")
    interpreter.chmod(0o755)
    return ["--peers", str(folder)]


def test_our_side_of_the_twin_measures_itself_and_the_bare_loop() -> None:
    figures = twin.measure(0.2)
    assert figures["steps_per_s"] > 1 and figures["bare_steps_per_s"] > figures["steps_per_s"] / 2
    share = figures["steps_per_s"] / figures["bare_steps_per_s"]
    assert figures["share_of_bare_step_and_render"] == pytest.approx(share)


def test_a_peer_that_cannot_be_beaten_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "results" / "twin.json"
    words = ["bench", "twin", *QUICK, *peers(tmp_path, steps_per_s=1e9), "--save", str(saved)]
    assert main(words) == BAR_MISSED
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    bars = {bar["name"]: bar for bar in result["bars"]}
    assert set(bars) == {"steps_vs_gym_hil", "share_of_bare_step_and_render"}
    assert not bars["steps_vs_gym_hil"]["ok"]
    assert result["robolearn"]["steps_per_s"] / 1e9 == pytest.approx(result["ratios"]["steps_vs_gym_hil"])


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("replay", {"batches_per_s": 1e-3, "bytes_per_transition": 1e9}),
        ("store", {"rows_per_s": 1e-3, "reads_per_s": 1e-3, "bytes_per_row": 1.0}),
    ],
)
def test_a_slow_peer_is_beaten_and_the_command_ends_well(
    name: str, figures: dict[str, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", name, *QUICK, *peers(tmp_path, **figures)]) == OK
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["bars"] and all(bar["ok"] for bar in result["bars"])
    assert result["peer"] == figures and set(figures) <= set(result["robolearn"])


def test_a_saved_result_says_how_to_repeat_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "results" / "twin.json"
    main(["bench", "twin", *QUICK, *peers(tmp_path, steps_per_s=1.0), "--save", str(saved)])
    raw = json.loads(saved.read_text())
    assert raw["command"] == "robolearn bench twin --rounds 1 --seconds 0.2 --threads 1"
    assert raw["result"] == json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"cpu", "cores", "memory_gib", "system", "python"} <= set(raw["machine"])
    (only,) = raw["rounds"]
    assert only["peer"]["versions"] == {"peer": "1.0"} and "mujoco" in only["robolearn"]["versions"]


def test_without_the_peers_the_way_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "twin", *QUICK, "--peers", str(tmp_path)]) == BAD_INPUT
    assert "make bench-peers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bench", "tvin"], "Did you mean 'twin'"),
        (["bench", "twin", "--seconds", "nan"], "--seconds must be above 0"),
        (["bench", "twin", "--rounds", "0"], "--rounds"),
    ],
)
def test_bad_words_are_told_plainly(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == BAD_INPUT
    assert told in capsys.readouterr().err
