"""The station of a real SO-101 with its USB cameras, on virtual hardware: a person resets the cell and judges."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from robolearn.cli.main import BAD_INPUT, INTERRUPTED, OK, main
from tests.cli.children import LISTEN
from tests.cli.tiny import tiny_config
from tests.drivers.emulators import ENVIRONMENT, MAIN, Emulator, emulating
from tests.drivers.so101_rig import PATIENCE_S
from tests.house.tree import ROOT

TASK = "lift_cube"
EPISODE = ("", "")  # the arm may move; the cell is at its start


class RealCell(NamedTuple):
    """What a lab has on its table, and a policy that was learned in the twin."""

    emulator: Emulator
    station: Path
    library: Path
    config: Path
    run: Path

    @property
    def words(self) -> list[str]:
        """``robolearn eval`` as a process."""
        return [
            *(sys.executable, "-c", f"{LISTEN}\n{MAIN}", "eval", "--policy", "base", "--episodes", "3", "--json"),
            *("--task", TASK, "--station", str(self.station), "--config", str(self.config), "--run", str(self.run)),
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Of that process: the devices are virtual."""
        return {**os.environ, **ENVIRONMENT, "LD_PRELOAD": str(self.library)}

    def evaluate(self, *answers: str) -> tuple[int, dict[str, Any], str]:
        """Exit status, result and what was said, at a terminal where somebody answers so."""
        typed, environment = "".join(f"{answer}\n" for answer in answers), self.environment
        done = subprocess.run(
            self.words, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=200, check=False
        )
        return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture
def cell(real_cell: RealCell) -> RealCell:
    """Its arm is at the start: where a policy has left it, the next evaluation might not begin."""
    real_cell.emulator.do("reset", seed=0, task=TASK)
    return real_cell


@pytest.fixture(scope="module")
def real_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCell]:
    """The shipped file, with the paths of this cell's devices put in, and patience with a busy machine."""
    folder = tmp_path_factory.mktemp("cell")
    text = (ROOT / "configs" / "stations" / "so101.yaml").read_text()
    for name in ("front", "wrist"):
        text = text.replace(f"/dev/v4l/by-id/usb-{name}-video-index0", str(folder / name))
    text = text.replace("/dev/serial/by-id/usb-follower", str(folder / "port"))
    text = text.replace("width: 640, height: 480", "width: 160, height: 120")
    text = text.replace("x: 80, y: 0, width: 480, height: 480", "x: 20, y: 0, width: 120, height: 120")
    text = text.replace("on_close: hold ", f"patience_s: {PATIENCE_S}\n    on_close: hold ", 1)
    text = text.replace("command_max_age_s: 0.1", "command_max_age_s: 0.2")  # an answer alone may take that patience
    text = text.replace("max_reading_age_s: 0.15", "max_reading_age_s: 0.25")
    station, config, run = folder / "so101.yaml", tiny_config(folder), folder / "run"
    station.write_text(text)
    for command in (["record"], ["train", "base"], ["train", "reward"]):
        assert main([*command, "--task", TASK, "--config", str(config), "--run", str(run)]) == OK
    virtual = ("--port", str(folder / "port"), "--station", str(station), "--camera-folder", str(folder))
    with emulating(folder, "so101", *virtual, "--task", TASK, "--held") as emulator:
        yield RealCell(emulator, station, folder / "device_socket.so", config, run)


@pytest.mark.timeout(300)
def test_what_the_person_says_counts_and_is_kept_when_they_have_seen_enough(cell: RealCell) -> None:
    status, result, said = cell.evaluate(*EPISODE, "y", *EPISODE, "q")
    assert status == OK, said
    assert (result["successes"], result["episodes"], result["decided_by"]) == (1, 1, "a person who watched")
    assert "Bring the cell to the start" in said and "done? y, n, or q" in said
    kept = json.loads((cell.run / "eval_base_so101.json").read_text())
    (episode,) = kept["per_episode"]
    assert kept["cut_short"] == result["cut_short"] == "ended by the person"
    assert episode["success"] and not episode["stopped"] and episode["steps"] > 0


@pytest.mark.timeout(300)
def test_ctrl_c_keeps_what_the_person_has_said_and_leaves_the_stage_to_be_done(cell: RealCell, tmp_path: Path) -> None:
    said, pipe = tmp_path / "said.txt", subprocess.PIPE
    with (
        said.open("wb") as stream,
        subprocess.Popen(cell.words, cwd=ROOT, env=cell.environment, stdin=pipe, stdout=pipe, stderr=stream) as asking,
    ):
        assert asking.stdin is not None
        asking.stdin.write("".join(f"{answer}\n" for answer in (*EPISODE, "n")).encode())
        asking.stdin.flush()
        until_s = time.monotonic() + 200.0
        while said.read_text().count("press Enter, or q to end") < 2:
            assert asking.poll() is None and time.monotonic() < until_s, said.read_text()
            time.sleep(0.1)
        asking.send_signal(signal.SIGINT)
        out, _ = asking.communicate(timeout=60.0)
    assert asking.returncode == INTERRUPTED, said.read_text()
    assert json.loads(out.splitlines()[-1])["error"] == "stopped by the keyboard"
    assert "ends after 1 episodes, which are kept: stopped by the keyboard" in said.read_text()
    kept = json.loads((cell.run / "eval_base_so101.json").read_text())
    assert (kept["episodes"], kept["successes"], kept["cut_short"]) == (1, 0, "stopped by the keyboard")
    assert "eval base_so101" not in json.loads((cell.run / "run.json").read_text())["done"]


@pytest.mark.timeout(300)
def test_nothing_moves_while_nobody_is_at_the_terminal(cell: RealCell) -> None:
    status, result, _ = cell.evaluate()
    assert status == BAD_INPUT and "nobody is at the terminal to say so" in result["error"]


@pytest.mark.timeout(300)
def test_an_evaluation_without_any_judged_episode_says_so(cell: RealCell) -> None:
    status, result, _ = cell.evaluate(*EPISODE, "q")
    assert status == BAD_INPUT and "ended before its first episode was judged" in result["error"]
