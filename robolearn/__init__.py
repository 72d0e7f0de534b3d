"""Show a robot a task a few times, press start, and it practises by itself until it does it every time."""

from __future__ import annotations

__version__ = "0.1.0"
