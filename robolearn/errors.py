"""The exceptions of robolearn: one root, and messages that name the fault, the valid choices and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RobolearnError(Exception):
    """Root of every error that robolearn raises on purpose; the command line prints it without a traceback."""


class BorderError(RobolearnError, ValueError):
    """A value that crosses a border is not finite, out of range, of the wrong shape, or stale."""


class ConfigError(RobolearnError, ValueError):
    """A station or task file is missing, incomplete or misspelt."""


class DeviceError(RobolearnError, RuntimeError):
    """A device is not connected, does not answer, or has faulted."""


class StoreError(RobolearnError, RuntimeError):
    """An episode store cannot be opened, read or written."""


class ModelError(RobolearnError, RuntimeError):
    """Weights are missing, damaged, or do not fit the data they are used with."""


class BenchError(RobolearnError, RuntimeError):
    """A side of a benchmark is not installed, or did not end with its figures."""


def unknown(kind: str, name: str, choices: Iterable[str]) -> str:
    """Message for a name that is not among ``choices``: lists them, and guesses what was meant."""
    known = sorted(choices)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown {kind} {name!r}.{hint} Valid: {', '.join(known) or 'none'}."
