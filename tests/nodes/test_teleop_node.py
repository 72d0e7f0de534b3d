"""A person's device as a node: here the keyboard, on a terminal of its own."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from robolearn.actions import ACTION_NAMES
from robolearn.contracts import TeleopEvent
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.teleop_client import RosTeleop
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

CELL = {"station": "so101_virtual", "task": "lift_cube"}


class Seat(NamedTuple):
    """Where the person sits."""

    link: Link
    keys: int  # what is written here is typed
    teleop: RosTeleop


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """The node, and its client."""
    keys, terminal = pty.openpty()
    log = tmp_path_factory.mktemp("teleop") / "log.txt"
    with ExitStack() as stack:
        stack.callback(os.close, keys)
        stack.enter_context(own_network())
        stack.enter_context(NodeProcess(log, "teleop_node", stdin=terminal, **CELL))
        os.close(terminal)
        link = stack.enter_context(closing(Link("test", patience_s=PATIENCE_S)))
        teleop = RosTeleop(link, RosClock(link, TimeKind.MONOTONIC), ACTION_NAMES)
        teleop.connect()
        teleop.begin(0)
        yield Seat(link, keys, teleop)
        teleop.close()


def test_a_key_that_is_pressed_drives_the_arm_of_whoever_listens(seat: Seat) -> None:
    assert not seat.teleop.read().engaged

    def engaged() -> bool:
        os.write(seat.keys, b"w")
        return seat.teleop.read().engaged

    eventually(engaged, "the key")
    eventually(lambda: seat.teleop.read().action[0] == 1.0 or engaged(), "the motion")


def test_a_label_is_told_once(seat: Seat) -> None:
    os.write(seat.keys, b"y")
    eventually(lambda: seat.teleop.read().event is TeleopEvent.SUCCESS, "the label")
    assert seat.teleop.read().event is TeleopEvent.NONE


def test_the_gripper_goes_on_from_where_it_was_before_the_person_took_over(seat: Seat) -> None:
    seat.teleop.keep_gripper(0.75)

    def kept() -> bool:
        os.write(seat.keys, b"w")
        return seat.teleop.read().action[-1] == pytest.approx(0.75)

    eventually(kept, "the gripper's value")


def test_without_a_terminal_the_fault_is_named(tmp_path: Path) -> None:
    with (
        own_network(),
        NodeProcess(tmp_path / "log.txt", "teleop_node", **CELL),
        closing(Link("test")) as link,
        diagnostics(link) as health,
    ):
        eventually(lambda: "terminal" in health.get("teleop_node", {}).get("message", ""), "the fault")
        assert health["teleop_node"]["open"] == "False"
