"""``robolearn teleop`` and ``record`` as a person meets them: on a terminal, with a page to look at."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from robolearn.cli.main import BAD_INPUT, main
from robolearn.config import find
from robolearn.episodes import EpisodeStore
from robolearn.episodes.check import check_store
from tests.cli.test_run_commands import config, words  # noqa: F401
from tests.drivers.so101_rig import virtual_so101
from tests.house.tree import ROOT

PATIENCE_S = 120.0
STATUS = re.compile(r"episode (\d+).* · ([\d.]+) s · (.*)")


class Seat:
    """A person at a terminal with a running command, and a browser on its page."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._keys, program = os.openpty()
        code = "import sys; from robolearn.cli.main import main; sys.exit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *argv], cwd=ROOT, stdin=program, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        os.close(program)
        self.url = self._page()

    def _page(self) -> str:
        assert self.process.stderr is not None
        said = b""
        for line in self.process.stderr:
            said += line
            found = re.search(rb"the cameras: (\S+)", line)
            if found:
                return found.group(1).decode()
        raise AssertionError(said.decode())

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._keys, keys.encode())

    def status(self) -> tuple[int, float, str]:
        """Episode, seconds into it, and who drives, as the page says; episode 0 before the first tick."""
        with urllib.request.urlopen(f"{self.url}/status", timeout=20) as answer:
            found = STATUS.fullmatch(answer.read().decode())
        return (int(found[1]), float(found[2]), found[3]) if found else (0, 0.0, "")

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to be seen."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert self.process.poll() is None and time.monotonic() < deadline_s
            time.sleep(0.05)

    def drives(self) -> bool:
        """Hold a key; true once the page says who drives."""
        self.press("w")
        return self.status()[2] == "you drive"

    def result(self) -> dict[str, Any]:
        """The last line of stdout of a command that ended well."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, err.decode()
        result: dict[str, Any] = json.loads(out.splitlines()[-1])
        return result

    def leave(self) -> None:
        """Nothing is left running."""
        self.process.kill()
        self.process.communicate()
        os.close(self._keys)


@contextmanager
def seated(argv: Sequence[str]) -> Iterator[Seat]:
    seat = Seat(argv)
    try:
        yield seat
    finally:
        seat.leave()


def picture(url: str) -> np.ndarray[Any, np.dtype[np.generic]]:
    """One picture of a stream, as a browser decodes it."""
    with urllib.request.urlopen(url, timeout=20) as stream:
        while not (line := stream.readline()).lower().startswith(b"content-length"):
            pass
        stream.readline()
        jpeg = stream.read(int(line.split(b":")[1]))
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


@pytest.mark.timeout(400)
def test_a_person_drives_the_twin_from_a_terminal_and_sees_it_on_a_page() -> None:
    with seated(["teleop", "--task", "lift_cube", "--teleop", "keyboard", "--json"]) as seat:
        seat.until(seat.drives)
        assert picture(f"{seat.url}/wrist.mjpeg").shape == (128, 128, 3)
        with urllib.request.urlopen(seat.url, timeout=20) as page:
            assert "/front.mjpeg" in page.read().decode()
        seat.until(lambda: seat.status()[2] == "hands off: the arm stands still")
        seat.press("b")
        seat.until(lambda: seat.status()[0] == 2)
        seat.press("x")
        result = seat.result()
    assert result["starts"] == 2 and 0 < result["driven"] < result["ticks"]


@pytest.mark.timeout(300)
def test_a_real_arm_is_driven_without_a_question_about_the_scene_of_a_task(tmp_path: Path) -> None:
    station = yaml.safe_load(find("stations", "so101_virtual").read_text(encoding="utf-8"))
    station["devices"] |= {"scene": {"driver": "ask"}, "cameras": {}}
    station["devices"]["arm"]["port"] = str(tmp_path / "port")
    path = tmp_path / "cell.yaml"
    path.write_text(yaml.safe_dump({**station, "cameras": {}}), encoding="utf-8")
    with virtual_so101(tmp_path), seated(["teleop", "--station", str(path), "--seconds", "1", "--json"]) as seat:
        assert seat.result()["ticks"] >= 5


@pytest.mark.timeout(600)
def test_a_recording_that_was_killed_keeps_all_of_it_and_goes_on(config: Path, tmp_path: Path) -> None:  # noqa: F811
    run = tmp_path / "run"
    argv = words("record", config, run, "--teleop", "keyboard", "--demos", "2")
    with seated(argv) as seat:
        seat.until(seat.drives)
        seat.press("y")
        seat.until(lambda: seat.status()[0] == 2 and seat.status()[1] > 0.5)
        seat.process.kill()
    with seated(argv) as seat:
        assert not any(report.problems for report in check_store(run / "store"))
        seat.until(seat.drives)
        seat.press("n")
        result = seat.result()
    assert (result["demos"], result["successes"]) == (2, 1)
    episodes = EpisodeStore.open(run / "store").episodes()
    assert [episode.record.label for episode in episodes] == [True, None, False]
    assert episodes[1].record.recovered and episodes[1].rows >= 5


@pytest.mark.parametrize(
    ("argv", "fault"),
    [
        (["--teleop", "joystick"], "unknown teleoperation device 'joystick'. Valid: gamepad, keyboard"),
        (["--teleop", "keyboard"], "is not a terminal"),
        (["--seconds", "0"], "--seconds must be above 0"),
        (["--station", "so102"], "unknown station 'so102'"),
        (["--preview-port", "99999"], "--preview-port: a port is a whole number from 0 to 65535, got '99999'"),
        (["--seed", "-5"], "--seed: a seed is a whole number from 0 to 2147483647, got '-5'"),
        (["--teleop", "gamepad"], "gamepad: /dev/input/by-id/.*: No such file.*Plugged in"),
    ],
)
def test_bad_input_of_teleop_is_named_with_the_way_out(
    argv: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["teleop", *argv, "--no-preview"]) == BAD_INPUT
    assert re.search(fault, capsys.readouterr().err)


@pytest.mark.parametrize(
    "argv",
    [
        ["record", "--teleop", "keyboard", "--preview-port", "99999"],
        ["emulate", "mjpeg", "--port", "99999"],
        ["emulate", "rtsp", "--port", "-1"],
        ["emulate", "so101", "--port", "/tmp/servos", "--camera-port", "99999"],
    ],
)
def test_a_port_that_cannot_be_is_named_before_anything_starts(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == BAD_INPUT
    assert f"{argv[-2]}: a port is a whole number from 0 to 65535, got {argv[-1]!r}" in capsys.readouterr().err
