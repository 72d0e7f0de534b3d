"""How the result of a command is written: one line of JSON, or a table for people."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """``value`` in the types that JSON has. NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def as_line(result: Mapping[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(plain(result))


def as_table(result: Mapping[str, Any]) -> str:
    """One figure a line, nested names joined by dots, and then the bars."""
    figures = list(_flat("", {name: value for name, value in result.items() if name != "bars"}))
    width = max((len(name) for name, _ in figures), default=0)
    lines = [f"{name:<{width}}  {_shown(value)}" for name, value in figures]
    for bar in result.get("bars", ()):
        verdict = "ok    " if bar["ok"] else "MISSED"
        lines.append(f"{verdict}  {bar['name']} {_shown(bar['value'])} (bar {bar['sense']} {_shown(bar['bar'])})")
    return "\n".join(lines)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for name, entry in value.items():
        yield from _flat(f"{prefix}.{name}" if prefix else str(name), entry)


def _shown(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_shown(entry) for entry in value)}]"
    return str(value)
