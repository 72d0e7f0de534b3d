"""Parameters given to the nodes of a cell: from arguments, ``-p`` and the YAML files of ROS.

A rule holds for the nodes whose full name its pattern matches, and reaches those of them that declare its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from robolearn.errors import ConfigError, unknown
from robolearn.nodes.table import NODES, NodeEntry

EVERY_NODE = "/**"
BUILT_IN = frozenset({"use_sim_time"})  # every node of ROS has it
PARAMETERS = "ros__parameters"
ASSIGNMENT = re.compile(r"(?:(?P<node>[\w/*]+):)?(?P<name>[\w.]+):=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """One parameter for the nodes that ``pattern`` matches; ``source`` says in messages where it comes from."""

    pattern: str
    name: str
    value: Any
    source: str

    def matches(self, full_name: str) -> bool:
        """True for a node of this full name; ``*`` stands for one part of it and ``**`` for any number."""
        parts = (re.escape(part) for part in self.pattern.strip("/").split("/"))
        words = "".join({r"\*\*": r"(/\w+)*", r"\*": r"/\w+"}.get(part, f"/{part}") for part in parts)
        return re.fullmatch(words, full_name) is not None

    @property
    def node(self) -> str:
        """The last part of the pattern: the name of a node, or a wildcard."""
        return self.pattern.rsplit("/", 1)[-1]


def argument(name: str, value: Any) -> Rule:
    """A rule from an argument of the command."""
    return Rule(EVERY_NODE, name, value, f"argument {name}")


def assignment(text: str) -> Rule:
    """A rule written as ``name:=value`` or ``node:name:=value``; the value is YAML. Raises ConfigError."""
    found = ASSIGNMENT.fullmatch(text)
    if found is None:
        raise ConfigError(f"-p {text!r} is not of the form name:=value or node:name:=value")
    pattern = f"/**/{found['node'].lstrip('/')}" if found["node"] else EVERY_NODE
    return Rule(pattern, found["name"], _yaml(found["value"], f"-p {text}"), f"-p {text}")


def from_file(path: Path) -> list[Rule]:
    """Rules of a parameter file of ROS; those for a node by its name come last. Raises ConfigError."""
    try:
        content = _yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the parameter file {path}: {error}") from error
    rules = list(_sections("", content, str(path)))
    if not rules:
        raise ConfigError(f"{path}: holds no parameters. Expected: NODE: {{{PARAMETERS}: {{NAME: VALUE}}}}")
    return sorted(rules, key=lambda rule: "*" not in rule.pattern)


def resolve(nodes: Mapping[str, NodeEntry], rules: Sequence[Rule]) -> dict[str, dict[str, Any]]:
    """Parameters of each of ``nodes``, which are given by full name; a later rule prevails.

    Raises ConfigError for a rule that names a node that does not exist, or a parameter that its nodes do not have."""
    values: dict[str, dict[str, Any]] = {full_name: {} for full_name in nodes}
    for rule in rules:
        for full_name in _reached(rule, nodes):
            values[full_name][rule.name] = rule.value
    return values


def _reached(rule: Rule, nodes: Mapping[str, NodeEntry]) -> Iterable[str]:
    matched = [full_name for full_name in nodes if rule.matches(full_name)]
    declared = {full_name: _declared(nodes[full_name]) for full_name in matched}
    reached = [full_name for full_name in matched if rule.name in declared[full_name]]
    if matched and not reached:
        raise ConfigError(f"{rule.source}: {unknown('parameter', rule.name, set().union(*declared.values()))}")
    if not matched:
        _refuse_nobody(rule, nodes)
    return reached


def _refuse_nobody(rule: Rule, nodes: Mapping[str, NodeEntry]) -> None:
    """A rule for a node that is not started now is kept for another day, one that is misspelt is not."""
    running = [full_name for full_name in nodes if full_name.endswith(f"/{rule.node}")]
    if running:
        raise ConfigError(
            f"{rule.source}: {rule.pattern!r} does not match {running[0]}. Write: {running[0]} or /**/{rule.node}"
        )
    known = {entry.name for entry in NODES}
    if not any(rule.node == name or rule.node.startswith(f"{name}_") for name in known):
        raise ConfigError(
            f"{rule.source}: {unknown('node', rule.node, known | {name.rsplit('/')[-1] for name in nodes})}"
        )


def _declared(entry: NodeEntry) -> set[str]:
    return {parameter.name for parameter in entry.parameters} | BUILT_IN


def _sections(pattern: str, content: Any, source: str) -> Iterator[Rule]:
    """Rules within nested names of namespaces and nodes."""
    if not isinstance(content, dict):
        raise ConfigError(f"{source}: {pattern or 'the file'}: expected names of nodes, got {content!r}")
    for key, inner in content.items():
        if key != PARAMETERS:
            yield from _sections(f"{pattern}/{str(key).strip('/')}", inner, source)
            continue
        if not isinstance(inner, dict):
            raise ConfigError(f"{source}: {pattern}: {PARAMETERS} must hold names and values, got {inner!r}")
        yield from (Rule(pattern, str(name), value, source) for name, value in inner.items())


def _yaml(text: str, source: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not valid YAML: {error}") from error
