"""Sizes that keep a file readable at one sitting, and what no linter rule covers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, sources

FILE_LINES, FUNCTION_LINES, NESTING = 300, 50, 3
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, FUNCTIONS))


def nesting(node: ast.AST, depth: int = 0) -> int:
    """Blocks within blocks; an elif is as deep as its if, and a function inside starts anew."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        inner = depth + (isinstance(child, BLOCKS) and not (is_elif and len(node.orelse) == 1))
        deepest = max(deepest, nesting(child, inner))
    return deepest


@pytest.mark.parametrize("path", sources(*ROOMS, "tests"), ids=str)
def test_the_file_is_short(path: Path) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", sources(*ROOMS), ids=str)
def test_every_function_is_short_and_flat(path: Path) -> None:
    spans = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions(tree(path))}
    assert {name: lines for name, lines in spans.items() if lines > FUNCTION_LINES} == {}
    depths = {f.name: nesting(f) for f in functions(tree(path))}
    assert {name: depth for name, depth in depths.items() if depth > NESTING} == {}


@pytest.mark.parametrize("path", sources(*ROOMS), ids=str)
def test_every_module_and_public_class_says_what_it_is(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module) or not module.body
    classes = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes if not node.name.startswith("_") and not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", sources(*ROOMS), ids=str)
def test_weights_are_loaded_as_weights_only(path: Path) -> None:
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    loads = [call for call in calls if ast.unparse(call.func) == "torch.load"]
    assert all(any(word.arg == "weights_only" for word in call.keywords) for call in loads)


@pytest.mark.parametrize("path", sources(*ROOMS), ids=str)
def test_nothing_is_left_to_be_done_later(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert [mark for mark in ("TODO", "FIXME", "XXX", "NotImplementedError") if mark in text] == []


def test_nesting_is_counted_as_a_reader_counts_it() -> None:
    flat = "def f():\n if a:\n  pass\n elif b:\n  pass\n elif c:\n  for x in y:\n   pass\n"
    deep = "def f():\n for x in y:\n  if a:\n   while b:\n    with c:\n     pass\n"
    assert [nesting(next(functions(ast.parse(code)))) for code in (flat, deep)] == [2, 4]
