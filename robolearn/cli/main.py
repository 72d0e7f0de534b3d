"""The ``robolearn`` command: finds what was asked for, runs it, and turns its result into an exit status."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from robolearn import __version__
from robolearn.cli.commands import COMMANDS, Command
from robolearn.cli.extras import lacking
from robolearn.errors import ConfigError, RobolearnError, unknown

OK, BAR_MISSED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
DESCRIPTION = "Show a robot a task a few times, press start, and it practises by itself until it does it every time."


class _Parser(argparse.ArgumentParser):
    """A parser whose faults are told as every other fault is."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}. Try: {self.prog} --help")


def main(argv: Sequence[str] | None = None, commands: Mapping[str, Command] = COMMANDS) -> int:
    """Run one command and return its exit status.

    0: done, and every bar holds. 1: a bar was missed. 2: bad input, named on stderr. 130: stopped by Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        return _run(words, commands)
    except RobolearnError as error:
        return _fail(str(error), BAD_INPUT, as_json)
    except ModuleNotFoundError as error:
        message = lacking(error)
        if message is None:
            raise
        return _fail(message, BAD_INPUT, as_json)
    except KeyboardInterrupt:
        return _fail("stopped by the keyboard", INTERRUPTED, as_json)


def _run(words: list[str], commands: Mapping[str, Command]) -> int:
    name = _named(words, commands)
    if name is None:
        return _overview(words, commands)
    command = commands[name]
    module = importlib.import_module(command.module)
    parser = _Parser(prog=f"robolearn {name}", description=command.summary, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on stdout")
    module.add_arguments(parser)
    args = parser.parse_args(words[len(name.split()) :])
    result = module.run(args)
    if isinstance(result, int):
        return result
    return _present(result, args.json)


def _named(words: list[str], commands: Mapping[str, Command]) -> str | None:
    """The command that ``words`` begin with, the longest if several do."""
    matches = [name for name in commands if words[: len(name.split())] == name.split()]
    return max(matches, key=len, default=None)


def _overview(words: list[str], commands: Mapping[str, Command]) -> int:
    """Answer for words that are no command: help, the version, the commands of a group, or what was meant."""
    if words[:1] == ["--version"]:
        print(f"robolearn {__version__}")
        return OK
    asked = [word for word in words if not word.startswith("-")]
    group = {name: command for name, command in commands.items() if name.split()[: len(asked)] == asked}
    if not group and asked:
        raise ConfigError(unknown("command", " ".join(asked[:2]), commands))
    print(f"usage: robolearn {' '.join([*asked, 'COMMAND'])} [--help] [--json] ...\n\n{DESCRIPTION}\n")
    width = max((len(name) for name in group), default=0)
    for name, command in group.items():
        print(f"  {name:<{width}}  {command.summary}")
    return OK if {"--help", "-h"} & set(words) else BAD_INPUT


def _present(result: Mapping[str, object], as_json: bool) -> int:
    from robolearn.bars import holds
    from robolearn.cli.output import as_line, as_table

    print(as_line(result) if as_json else as_table(result))
    return OK if holds(result) else BAR_MISSED


def _fail(message: str, status: int, as_json: bool) -> int:
    print(f"robolearn: {message}", file=sys.stderr)
    if as_json:
        from robolearn.cli.output import as_line

        print(as_line({"error": message}))
    return status
