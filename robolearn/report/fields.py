"""Checked reading of JSON objects: each accessor names the file, the key and what was expected of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from robolearn.errors import BorderError, StoreError


class Fields:
    """One JSON object from ``source``. Every accessor raises BorderError for a missing or unfit value."""

    def __init__(self, source: str, values: object) -> None:
        if not isinstance(values, Mapping):
            raise BorderError(f"{source}: expected a JSON object, got {type(values).__name__}")
        self.source = source
        self._values: Mapping[str, Any] = values

    def _bad(self, key: str, expected: str) -> NoReturn:
        got = repr(self._values[key]) if key in self._values else "nothing"
        raise BorderError(f"{self.source}: {key!r} must be {expected}, got {got}")

    def has(self, key: str) -> bool:
        """True if ``key`` is there and not null."""
        return self._values.get(key) is not None

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number in [low, high]."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._bad(key, f"a number in [{low:g}, {high:g}]")
        if not math.isfinite(value) or not low <= value <= high:
            self._bad(key, f"a number in [{low:g}, {high:g}]")
        return float(value)

    def number_or_none(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """As :meth:`number`, or None where the key is null or absent."""
        return self.number(key, low, high) if self.has(key) else None

    def count(self, key: str) -> int:
        """A whole number, 0 or more."""
        value = self._values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self._bad(key, "a whole number, 0 or more")
        return value

    def count_or_none(self, key: str) -> int | None:
        """As :meth:`count`, or None where the key is null or absent."""
        return self.count(key) if self.has(key) else None

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._values.get(key)
        if not isinstance(value, bool):
            self._bad(key, "true or false")
        return value

    def flag_or_none(self, key: str) -> bool | None:
        """As :meth:`flag`, or None where the key is null or absent."""
        return self.flag(key) if self.has(key) else None

    def text(self, key: str) -> str:
        """A string that is not empty."""
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            self._bad(key, "a text")
        return value

    def text_or_none(self, key: str) -> str | None:
        """As :meth:`text`, or None where the key is null or absent."""
        return self.text(key) if self.has(key) else None

    def scalar(self, key: str) -> str | float | bool | None:
        """A text, number (NaN too), truth value or null, to be shown as it is; the key must be there."""
        value = self._values.get(key)
        if key not in self._values or not isinstance(value, (str, int, float, bool, type(None))):
            self._bad(key, "a text, a number, true, false or null")
        return value

    def items(self, key: str) -> list[Any]:
        """A list; an absent or null key reads as an empty one."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, list):
            self._bad(key, "a list")
        return value or []

    def objects(self, key: str) -> list[Fields]:
        """A list of objects; an absent or null key reads as an empty one."""
        return [Fields(f"{self.source}: {key}[{i}]", value) for i, value in enumerate(self.items(key))]

    def numbers(self, key: str, length: int) -> tuple[float, ...]:
        """A list of ``length`` finite numbers."""
        values = self.items(key)
        if len(values) != length:
            self._bad(key, f"a list of {length} numbers")
        row = Fields(f"{self.source}: {key}", {str(i): value for i, value in enumerate(values)})
        return tuple(row.number(str(i)) for i in range(length))

    def table(self) -> dict[str, Fields]:
        """This object's values as objects of their own, in file order."""
        return {key: Fields(f"{self.source}: {key}", value) for key, value in self._values.items()}

    def timings(self, key: str) -> dict[str, float]:
        """An object that maps names to numbers, 0 or more."""
        inner = Fields(f"{self.source}: {key}", self._values.get(key))
        return {name: inner.number(name, 0.0) for name in inner._values}


def _refuse_constant(name: str) -> NoReturn:
    raise BorderError(f"{name} is not a number")


def parse_json(source: str, text: str) -> Any:
    """Parse JSON text. Raises StoreError if it is not JSON, BorderError for NaN or infinity."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise StoreError(f"{source}: not JSON ({error}). Run the stage that writes it again.") from error
    except BorderError as error:
        raise BorderError(f"{source}: {error}") from error


def read_object(path: Path) -> Fields:
    """The JSON object in ``path``. Raises StoreError if it cannot be read, and as :func:`parse_json`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run the stage that writes it again.") from error
    return Fields(str(path), parse_json(str(path), text))
