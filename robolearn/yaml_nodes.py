"""Values of YAML as they stand in a file: what they are, and how a person would name them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml import Node, ScalarNode, SequenceNode

SCALAR_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def is_null(node: Node) -> bool:
    """True for an empty value, and for the word null."""
    return bool(node.tag == "tag:yaml.org,2002:null")


def shown(node: Node) -> str:
    """What stands there, for a message."""
    if isinstance(node, ScalarNode):
        return "nothing" if is_null(node) else repr(node.value)
    return "a list" if isinstance(node, SequenceNode) else "keys and values"


def _number(convert: Callable[[str], Any]) -> Callable[[ScalarNode], Any]:
    def converted(node: ScalarNode) -> Any:
        try:
            return convert(node.value) if node.style is None else None
        except ValueError:
            return None

    return converted


def _text(node: ScalarNode) -> str | None:
    return str(node.value) if node.tag == "tag:yaml.org,2002:str" else None


def _truth(node: ScalarNode) -> bool | None:
    return {"true": True, "false": False}.get(node.value.lower()) if node.style is None else None


# A converter returns None for what is not of its type: no text becomes a number, no number a text.
CONVERSIONS: dict[Any, Callable[[ScalarNode], Any]] = {
    bool: _truth,
    int: _number(int),
    float: _number(float),
    str: _text,
}
