"""Every room is typed, strictly."""

from __future__ import annotations

import pytest

from tests.house.tree import tool


@pytest.mark.timeout(600)
def test_mypy_strict_has_no_complaint() -> None:
    done = tool("mypy")
    assert done.returncode == 0, done.stdout + done.stderr
