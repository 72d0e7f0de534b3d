"""What every test shares."""

from __future__ import annotations

import hypothesis
import pytest

# Failed assertions of the contract kit are explained like those of any test.
pytest.register_assert_rewrite("tests.contract")

# The same cases in each run, and no deadline: the time of a case says nothing on a shared machine.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")
