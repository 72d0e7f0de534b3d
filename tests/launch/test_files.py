"""The launch files, the console scripts and the table of nodes agree; this needs no installation of ROS."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from robolearn.nodes.table import NODES, NodeEntry
from robolearn.nodes.up.setups import SETUPS
from tests.house.tree import ROOT

FILES = sorted((ROOT / "launch").glob("*.launch.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def returned(path: Path) -> str:
    """What the function of a launch file returns, as it is written."""
    functions = {node.name: node for node in parsed(path).body if isinstance(node, ast.FunctionDef)}
    (answer,) = (node for node in ast.walk(functions["generate_launch_description"]) if isinstance(node, ast.Return))
    return ast.unparse(answer)


def listed_scripts() -> set[str]:
    """NODES of setup.py, each of which becomes a console script."""
    (names,) = (
        node.value
        for node in parsed(ROOT / "setup.py").body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NODES"
    )
    return set(ast.literal_eval(names))


def test_there_is_a_launch_file_for_each_setup() -> None:
    assert {path.name for path in FILES} == {f"{name}.launch.py" for name in SETUPS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_launch_file_describes_the_setup_that_it_is_named_after(path: Path) -> None:
    assert returned(path) == f"return description('{path.name.removesuffix('.launch.py')}')"


def test_every_node_is_a_console_script() -> None:
    assert listed_scripts() == {node.name for node in NODES}
    assert 'f"{node} = robolearn.nodes.{node}:main" for node in NODES' in (ROOT / "setup.py").read_text()


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_the_module_of_a_node_has_the_function_that_its_script_calls(node: NodeEntry) -> None:
    found = importlib.util.find_spec(node.module)
    assert found is not None and found.origin is not None
    functions = {one.name for one in parsed(Path(found.origin)).body if isinstance(one, ast.FunctionDef)}
    assert "main" in functions


def test_scripts_are_installed_where_ros_looks_for_them() -> None:
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert "install_scripts=$base/lib/robolearn" in text and "script_dir=$base/lib/robolearn" in text
