"""Strict YAML into frozen dataclasses: every key known, every value checked, every fault named with its line.

A field says what it means, and how far it may go, in its annotation::

    @dataclass(frozen=True)
    class Limits:
        speed_m_s: Annotated[float, Limit("top speed of the tool [m/s]", low=0.0, high=2.0)]
        retries: Annotated[int, Key("attempts before a person is called", low=0)] = 3

Fields may be bool, int, float, str, an Enum, a Literal, another dataclass, ``X | None``, ``X | Literal[...]``
(a value or a word), tuples of fixed or open length, ``dict[str, X]``, and :class:`Section`. A range is that
of each number inside. Rules across fields belong in ``__post_init__``, raised as ConfigError: the loader adds
where.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from robolearn.errors import ConfigError, unknown
from robolearn.yaml_nodes import CONVERSIONS, SCALAR_NAMES, is_null, shown

T = TypeVar("T")
FOLDERS_VARIABLE = "ROBOLEARN_CONFIG_PATH"


@dataclass(frozen=True)
class Key:
    """What a configuration key means (with its unit), and the closed range of its numbers.

    ``ascending`` asks of a tuple that its numbers do not fall, as in a range (low, high).
    """

    meaning: str
    low: float = -math.inf
    high: float = math.inf
    ascending: bool = False


class Limit(Key):
    """A key that bounds what a robot may do. It cannot have a default: whoever writes the file states it."""


@dataclass(frozen=True)
class Section:
    """A part of a file that another room reads: kept as it stands until :meth:`read` says what it must be."""

    node: Node
    source: str
    name: str

    def read(self, cls: type[T]) -> T:
        """The section as a ``cls``. Raises ConfigError naming file, line, fault and way out."""
        value: T = _Reader(self.source).read(self.node, cls, self.name, Key(""))
        return value

    def split(self, key: str) -> tuple[str, Section]:
        """The text under ``key``, which says how to read the rest, and that rest. Raises ConfigError."""
        reader = _Reader(self.source)
        pairs = reader.pairs(self.node, self.name, f"{key} and its settings")
        if key not in pairs:
            reader.fail(self.node, self.name, f"missing: {key!r}")
        text: str = reader.scalar(pairs[key][1], str, _join(self.name, key), Key(""))
        rest = [pair for entry, pair in pairs.items() if entry != key]
        return text, replace(self, node=MappingNode(self.node.tag, rest, self.node.start_mark, self.node.end_mark))


def load(path: Path, cls: type[T]) -> T:
    """Read the YAML file at ``path`` as a ``cls``. Raises ConfigError with line, fault, way out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration file {path}: {error}") from error
    return parse(text, cls, str(path))


def parse(text: str, cls: type[T], source: str) -> T:
    """Read YAML ``text`` as a ``cls``; ``source`` stands for the file in messages. Raises ConfigError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{source}:{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not valid YAML: {error}") from error
    if node is None:
        raise ConfigError(f"{source}: the file is empty. {_keys_of(cls)}")
    return Section(node, source, "").read(cls)


def find(kind: str, name: str) -> Path:
    """Path of the ``kind`` ("stations" or "tasks") called ``name``; a path stands for itself.

    Folders in ROBOLEARN_CONFIG_PATH come before the shipped one. Raises ConfigError, listing the valid names.
    """
    if name.endswith((".yaml", ".yml")) or os.sep in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise ConfigError(f"there is no configuration file {path}. Give the path of a .yaml file, or a name.")
        return path
    known = names(kind)
    if name not in known:
        searched = ", ".join(str(folder / kind) for folder in _folders())
        message = unknown(kind.removesuffix("s"), name, known)
        raise ConfigError(f"{message} Or give the path of a .yaml file. Searched: {searched}.")
    return known[name]


def names(kind: str) -> dict[str, Path]:
    """Every name of a ``kind`` that :func:`find` knows, and its file."""
    found: dict[str, Path] = {}
    for folder in reversed(_folders()):
        found.update({path.stem: path for path in sorted((folder / kind).glob("*.yaml"))})
    return found


def _folders() -> list[Path]:
    """Folders with configurations, the most important first."""
    own = [Path(part).expanduser() for part in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if part]
    room = Path(__file__).resolve().parent
    installed, checkout = room / "configs", room.parent / "configs"
    return [*own, installed if installed.is_dir() else checkout]


def _keys_of(cls: Any) -> str:
    return f"Valid keys: {', '.join(field.name for field in dataclasses.fields(cls))}."


@dataclass(frozen=True)
class _Reader:
    """Turns YAML nodes into values of a type; ``name`` is the dotted path of a node in its file."""

    source: str

    def fail(self, node: Node, name: str, fault: str) -> NoReturn:
        where = f"{self.source}:{node.start_mark.line + 1}"
        raise ConfigError(f"{where}: {name}: {fault}" if name else f"{where}: {fault}")

    def read(self, node: Node, hint: Any, name: str, key: Key) -> Any:
        """Value of ``node`` as the type ``hint``; ``key`` is the nearest description around it."""
        origin = get_origin(hint)
        if origin is Annotated:
            base, *notes = get_args(hint)
            return self.read(node, base, name, next((note for note in notes if isinstance(note, Key)), key))
        if origin in (Union, types.UnionType):
            return self.union(node, hint, name, key)
        if hint is Section:
            return Section(node, self.source, name)
        if dataclasses.is_dataclass(hint):
            return self.record(node, hint, name)
        if origin is tuple:
            return self.sequence(node, get_args(hint), name, key)
        if origin in (dict, Mapping):
            return self.table(node, get_args(hint)[1], name, key)
        if origin is Literal:
            return self.choice(node, {str(value): value for value in get_args(hint)}, name, key)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self.choice(node, {str(member.value): member for member in hint}, name, key)
        return self.scalar(node, hint, name, key)

    def union(self, node: Node, hint: Any, name: str, key: Key) -> Any:
        members = get_args(hint)
        words = [word for member in members if get_origin(member) is Literal for word in get_args(member)]
        kinds = [member for member in members if member is not types.NoneType and get_origin(member) is not Literal]
        if len(kinds) != 1:
            raise TypeError(f"{name}: a union in a configuration is X | None or X | Literal[...], got {hint}")
        if types.NoneType in members and is_null(node):
            return None
        if isinstance(node, ScalarNode) and node.value in words:
            return node.value
        return self.read(node, kinds[0], name, key)

    def record(self, node: Node, cls: Any, name: str) -> Any:
        fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
        hints = get_type_hints(cls, include_extras=True)
        given = self.pairs(node, name, cls.__name__)
        for entry, (at, _) in given.items():
            if entry not in fields:
                self.fail(at, name, unknown("key", entry, fields))
        lacking = [field for field in fields.values() if _needed(field, hints) and field.name not in given]
        if lacking:
            listed = "; ".join(_described(field.name, hints) for field in lacking)
            self.fail(node, name, f"missing: {listed}. Add what is missing: it has no default on purpose.")
        values = {
            entry: self.read(value, hints[entry], _join(name, entry), Key("")) for entry, (_, value) in given.items()
        }
        try:
            return cls(**values)
        except ValueError as error:
            self.fail(node, name, str(error))

    def pairs(self, node: Node, name: str, what: str) -> dict[str, tuple[Node, Node]]:
        """Key and value nodes of a mapping by the key's text."""
        if not isinstance(node, MappingNode):
            self.fail(node, name, f"expected keys and values ({what}), got {shown(node)}")
        given: dict[str, tuple[Node, Node]] = {}
        for at, value in node.value:
            if not isinstance(at, ScalarNode):
                self.fail(at, name, "a key must be plain text")
            if at.value in given:
                first = given[at.value][0].start_mark.line + 1
                self.fail(at, name, f"the key {at.value!r} is there twice, first in line {first}. Remove one.")
            given[at.value] = (at, value)
        return given

    def sequence(self, node: Node, members: tuple[Any, ...], name: str, key: Key) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            self.fail(node, name, f"expected a list{_meant(key)}, got {shown(node)}")
        open_length = len(members) == 2 and members[1] is Ellipsis
        hints = (members[0],) * len(node.value) if open_length else members
        if len(hints) != len(node.value):
            self.fail(node, name, f"expected {len(hints)} values{_meant(key)}, got {len(node.value)}")
        pairs = enumerate(zip(node.value, hints, strict=True))
        values = tuple(self.read(entry, hint, f"{name}[{at}]", key) for at, (entry, hint) in pairs)
        if key.ascending and any(later < former for former, later in itertools.pairwise(values)):
            self.fail(node, name, f"the numbers must not fall{_meant(key)}, got {list(values)}")
        return values

    def table(self, node: Node, hint: Any, name: str, key: Key) -> dict[str, Any]:
        given = self.pairs(node, name, key.meaning or "names and values")
        return {entry: self.read(value, hint, _join(name, entry), key) for entry, (_, value) in given.items()}

    def choice(self, node: Node, choices: Mapping[str, Any], name: str, key: Key) -> Any:
        if not isinstance(node, ScalarNode):
            self.fail(node, name, f"expected one of {', '.join(choices)}{_meant(key)}, got {shown(node)}")
        if node.value not in choices:
            self.fail(node, name, unknown("value", node.value, choices))
        return choices[node.value]

    def scalar(self, node: Node, hint: Any, name: str, key: Key) -> Any:
        if hint not in CONVERSIONS:
            raise TypeError(f"{name}: a configuration cannot hold the type {hint}")
        value = CONVERSIONS[hint](node) if isinstance(node, ScalarNode) else None
        if value is None:
            quotes = " Put it in quotes." if hint is str and isinstance(node, ScalarNode) else ""
            self.fail(node, name, f"expected {SCALAR_NAMES[hint]}{_meant(key)}, got {shown(node)}.{quotes}")
        if hint in (int, float) and not (-math.inf < value < math.inf and key.low <= value <= key.high):
            self.fail(node, name, f"{value} is outside [{key.low}, {key.high}]{_meant(key)}")
        return value


def _needed(field: dataclasses.Field[Any], hints: Mapping[str, Any]) -> bool:
    """True if the file must state the field. Raises TypeError for a limit that has a default."""
    required = field.default is MISSING and field.default_factory is MISSING
    if not required and isinstance(_key(hints[field.name]), Limit):
        raise TypeError(f"{field.name} is a limit and must not have a default")
    return required


def _key(hint: Any) -> Key:
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((note for note in notes if isinstance(note, Key)), Key(""))


def _described(name: str, hints: Mapping[str, Any]) -> str:
    return f"{name!r}{_meant(_key(hints[name]))}"


def _meant(key: Key) -> str:
    return f" ({key.meaning})" if key.meaning else ""


def _join(name: str, entry: str) -> str:
    return f"{name}.{entry}" if name else entry
