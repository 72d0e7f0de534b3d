"""The package as the real ``colcon`` builds it, in a workspace of ROS 2."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from robolearn.nodes.base import BAD_INPUT
from tests.house.tree import copy_sources
from tests.launch.test_files import listed_scripts

COLCON = shutil.which("colcon")
pytestmark = pytest.mark.skipif(
    COLCON is None, reason="colcon comes with an installation of ROS 2, or from PyPI into an environment of its own"
)


@pytest.fixture(scope="module", params=[(), ("--symlink-install",)], ids=["copied", "linked"])
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which colcon has built the package."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "src/robolearn").mkdir(parents=True)
    copy_sources(folder / "src/robolearn")
    built = subprocess.run(
        [str(COLCON), "build", *request.param], cwd=folder, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def in_workspace(workspace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with ``words`` as a person does who has sourced the workspace."""
    line = ['. install/setup.sh && exec "$@"', "sh", sys.executable, *words]
    return subprocess.run(["sh", "-c", *line], cwd=workspace, capture_output=True, text=True, check=False)


def test_ros_finds_every_executable(workspace: Path) -> None:
    scripts = workspace / "install/robolearn/lib/robolearn"
    assert {path.name for path in scripts.iterdir()} == {*listed_scripts(), "robolearn"}


def test_the_modules_are_those_of_the_workspace(workspace: Path) -> None:
    done = in_workspace(workspace, "-c", "import robolearn; print(robolearn.__file__)")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(workspace)


def test_an_executable_runs_and_finds_the_stations_that_ship(workspace: Path) -> None:
    script = "install/robolearn/lib/robolearn/safety_node"
    done = in_workspace(workspace, script, "--ros-args", "-p", "station:=no_such", "-p", "task:=lift_cube")
    assert done.returncode == BAD_INPUT, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "so101_twin" in said and str(workspace) in said
