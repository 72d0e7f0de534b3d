"""The package describes itself once: to ROS 2, to pip, and to its user."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from catkin_pkg.package import parse_package

import robolearn
from robolearn import config
from robolearn.nodes.up.setups import SETUPS
from tests.house.tree import ROOMS, ROOT, copy_sources, sources, tool

DATA = {".yaml", ".xml", ".json", ".rules", ".safetensors", ".stl", ".css", ".html"}
FROM_ROS_ALONE = {"launch", "launch_ros"}  # not on PyPI: whoever uses the launch files has them

EXTENSIONS_OF = {"ur-rtde": ("dashboard_client", "rtde_control", "rtde_receive")}  # importlib.metadata sees .py alone


def setup_keyword(name: str) -> Any:
    """A keyword of the call in setup.py, where it is a literal."""
    calls = [node for node in ast.walk(ast.parse((ROOT / "setup.py").read_text())) if isinstance(node, ast.Call)]
    values = [word.value for call in calls for word in call.keywords if word.arg == name]
    return ast.literal_eval(values[0])


def setup_strings() -> list[str]:
    """Every text in setup.py: among them are all requirements, those of the extras too."""
    nodes = ast.walk(ast.parse((ROOT / "setup.py").read_text()))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def distribution(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement)[0].lower().replace("_", "-")


def test_package_xml_is_valid_format_3_for_ament() -> None:
    package = parse_package(str(ROOT / "package.xml"))
    package.validate()
    assert package.package_format == 3 and package.name == "robolearn"
    assert package.get_build_type() == "ament_python"
    assert (ROOT / "resource" / package.name).is_file()


def test_there_is_one_version_and_one_licence() -> None:
    package = parse_package(str(ROOT / "package.xml"))
    assert package.version == robolearn.__version__ == setup_keyword("version")
    assert f"## {robolearn.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert package.licenses == ["Apache-2.0"] and setup_keyword("license") == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text().splitlines()[1]


def test_every_library_that_is_imported_is_required() -> None:
    modules = {name.split(".")[0] for path in sources(*ROOMS) for name in imported(path)}
    foreign = modules - set(sys.stdlib_module_names) - set(ROOMS)
    compiled = {module: [distributed] for distributed, modules in EXTENSIONS_OF.items() for module in modules}
    providers = {**importlib.metadata.packages_distributions(), **compiled}
    required = {distribution(line) for line in setup_strings()}
    lacking = {name for name in foreign if not required & {distribution(one) for one in providers.get(name, [name])}}
    assert lacking == FROM_ROS_ALONE <= {one.name for one in parse_package(str(ROOT / "package.xml")).exec_depends}


def imported(path: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, unpacked."""
    copy = tmp_path_factory.mktemp("source")
    copy_sources(copy)
    done = tool("pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "out", ".", cwd=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (copy / "out").glob("robolearn-*.whl")
    unpacked = tmp_path_factory.mktemp("wheel")
    zipfile.ZipFile(built).extractall(unpacked)
    return unpacked


def test_a_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    code = set(sources(*ROOMS))
    data = {path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in DATA}
    assert {path for path in code | data if not (wheel / path).is_file()} == set()


def test_a_wheel_finds_its_own_stations_and_tasks(wheel: Path) -> None:
    code = "from robolearn.config import names; print(*names('tasks').values(), *names('stations').values())"
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=wheel, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [Path(line) for line in done.stdout.split()]
    assert {path.stem for path in found} == {*config.names("tasks"), *config.names("stations")} != set()
    assert all(path.is_relative_to(wheel) for path in found)


def test_ament_finds_the_package_after_an_installation(wheel: Path) -> None:
    shared = next(wheel.glob("robolearn-*.data/data/share"))
    assert (shared / "ament_index/resource_index/packages/robolearn").is_file()
    assert (shared / "robolearn/package.xml").is_file()
    assert {path.stem for path in (shared / "robolearn/launch").iterdir()} == {f"{name}.launch" for name in SETUPS}
    configs = shared / "robolearn/configs"
    found = {path.relative_to(configs) for path in configs.rglob("*.yaml")}
    assert found == {path.relative_to(ROOT / "configs") for path in (ROOT / "configs").rglob("*.yaml")}
