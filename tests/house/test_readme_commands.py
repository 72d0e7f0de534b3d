"""Every command that a page for users shows is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from robolearn.cli.commands import COMMANDS
from tests.house.tree import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown(page: str) -> list[str]:
    """Lines of the shell blocks of a page, without prompt and comment."""
    blocks = re.findall(r"```(?:bash|sh|console)\n(.*?)```", page, flags=re.DOTALL)
    lines = [line.removeprefix("$ ").split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line.removeprefix(".venv/bin/") for line in lines if line]


def exists(line: str) -> bool:
    words = line.split()
    if words[0] == "make":
        done = subprocess.run(["make", "--dry-run", words[1]], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode == 0
    if words[0] == "robolearn":
        return any(words[1:][: len(name.split())] == name.split() for name in COMMANDS) or words[1] == "--help"
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_to_the_user_exists(page: Path) -> None:
    assert [line for line in shown(page.read_text(encoding="utf-8")) if not exists(line)] == []


def test_the_readme_shows_make_demo_and_make_test() -> None:
    lines = shown((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"make demo", "make test"} <= {" ".join(line.split()[:2]) for line in lines}


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert shown("```bash\n$ robolearn fly  # away\nmake tea\n```") == ["robolearn fly", "make tea"]
    assert not exists("robolearn fly") and not exists("make tea")
