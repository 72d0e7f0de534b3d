"""The linter is content with every file, and it bites."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, sources, tool


def test_ruff_has_no_complaint() -> None:
    done = tool("ruff", "check", "--no-cache", "--output-format=concise", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_formatted() -> None:
    done = tool("ruff", "format", "--no-cache", "--check", ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("def f() -> None:\n    print(1)\n", "T201"),
        ("def f() -> None:\n    try:\n        g()\n    except Exception:\n        h()\n", "BLE001"),
        ("import pickle\n\nvalue = pickle.loads(b'')\n", "S301"),
        ("import yaml\n\nvalue = yaml.load('')\n", "S506"),
        ("def f(x: list[int] = []) -> None:\n    x.append(1)\n", "B006"),
        ("def f(x: int) -> None:\n    assert x > 0\n", "S101"),
        ("value = eval('1')\n", "S307"),
        ("def f(x) -> None:\n    x()\n", "ANN001"),
    ],
)
def test_what_is_never_done_is_caught(code: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(code)
    config = str(ROOT / "pyproject.toml")
    done = tool("ruff", "check", "--no-cache", "--config", config, "--output-format=concise", ".", cwd=tmp_path)
    assert done.returncode == 1 and rule in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("path", sources(*ROOMS), ids=str)
def test_no_file_switches_a_safety_rule_off(path: Path) -> None:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    waived = [line for line in lines if "# noqa" in line and any(rule in line for rule in ("BLE", " S", "T20", "B0"))]
    bare = [line for line in lines if line.rstrip().endswith(("# noqa", "# type: ignore"))]
    assert not waived and not bare
