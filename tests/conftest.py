"""What every test shares."""

from __future__ import annotations

import os
import sys

import hypothesis
import pytest

OUTCOME = pytest.StashKey[int]()

# Failed assertions of the contract kit are explained like those of any test.
pytest.register_assert_rewrite("tests.contract")

# The same cases in each run, and no deadline: the time of a case says nothing on a shared machine.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the outcome for the very end."""
    session.config.stash[OUTCOME] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once: native libraries (DDS, OpenGL, cameras) in one process may crash in their destructors after it."""
    if OUTCOME in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[OUTCOME])
