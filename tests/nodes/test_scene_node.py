"""The scene of a real cell as a node: a virtual one that is reset, and one that a person brings to its start."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from std_msgs.msg import String

from robolearn.cli.main import OK, main
from robolearn.config import find
from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.nodes.supervision import Halted
from robolearn.nodes.world import RosWorld
from tests.drivers.so101_rig import Bench, virtual_so101
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

TASK = "cube_in_bin"
INSTRUCTION = yaml.safe_load(find("tasks", TASK).read_text(encoding="utf-8"))["instruction"]
SEED = 7


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("so101")) as bench:
        yield bench


@contextmanager
def cell(folder: Path, bench: Bench, scene: dict[str, Any]) -> Iterator[RosWorld]:
    """The world of an arm on the virtual bus, a scene and a supervisor, each a process."""
    station = yaml.safe_load(find("stations", "so101_virtual").read_text(encoding="utf-8"))
    station["cameras"] = station["devices"]["cameras"] = {}
    station["devices"]["arm"]["port"] = str(bench.port)
    station["devices"]["scene"] = scene
    path = folder / "cell.yaml"
    path.write_text(yaml.safe_dump(station), encoding="utf-8")
    with ExitStack() as stack:
        stack.enter_context(own_network())
        for name in ("arm_node", "scene_node"):
            stack.enter_context(NodeProcess(folder / f"{name}.log", name, station=path, task=TASK))
        stack.enter_context(NodeProcess(folder / "supervisor.log", "supervisor_node"))
        link = stack.enter_context(closing(Link("test", patience_s=PATIENCE_S)))
        yield RosWorld(link, (), topics.ARM)


def test_a_virtual_cell_is_reset_and_knows_the_truth(tmp_path: Path, bench: Bench) -> None:
    with cell(tmp_path, bench, {"driver": "virtual", "control": str(bench.emulator.control)}) as world:
        first, again, other = (world.reset(seed) for seed in (SEED, SEED, SEED + 1))
        assert first == again != other
        assert world.succeeded() is False


def test_a_person_is_asked_for_each_start_and_says_when_it_is_there(tmp_path: Path, bench: Bench) -> None:
    with (
        cell(tmp_path, bench, {"driver": "ask"}) as world,
        diagnostics(world.link) as told,
        ThreadPoolExecutor(1) as pool,
    ):
        eventually(lambda: "scene_node" in told, "the scene")
        eventually(lambda: main(["tell", "ready"]) == OK, "the supervisor to know of the scene")
        for seed in (SEED, SEED + 1):
            start = pool.submit(world.reset, seed)
            eventually(lambda: INSTRUCTION in told["scene_node"]["asks"], "the question")
            assert not start.done()
            assert main(["tell", "ready"]) == OK
            assert start.result(PATIENCE_S) == {}
            eventually(lambda: not told["scene_node"]["asks"], "the end of the question")
        assert world.succeeded() is None


def test_a_stopped_arm_waits_for_a_person_where_nobody_looks_at_the_scene(tmp_path: Path, bench: Bench) -> None:
    with cell(tmp_path, bench, {"driver": "free", "rearms_unseen": False}) as world:
        gate = world.link.publisher(topics.SAFETY.fault)
        gate.publish(String(data=topics.NOT_ARMED))
        assert world.reset(SEED) == {}
        gate.publish(String(data="tool_force: 61 N"))

        def refused() -> bool:
            try:
                world.reset(SEED)
            except DeviceError as error:
                return "the arm has stopped (tool_force: 61 N), and nobody looks" in str(error)
            return False

        eventually(refused, "the refusal")
        gate.publish(String(data=""))
        eventually(lambda: not refused(), "the next start")


def test_a_virtual_cell_that_is_gone_is_named_by_both_services(tmp_path: Path, bench: Bench) -> None:
    gone = tmp_path / "gone"
    with cell(tmp_path, bench, {"driver": "virtual", "control": str(gone)}) as world:
        for ask in (lambda: world.reset(SEED), world.succeeded):
            with pytest.raises(DeviceError, match=str(gone)):
                ask()


def test_an_actor_that_is_told_to_halt_waits_no_longer_for_the_person(tmp_path: Path, bench: Bench) -> None:
    def halted() -> None:
        raise Halted

    with cell(tmp_path, bench, {"driver": "ask"}) as world:
        world.while_asked = halted
        with pytest.raises(Halted):
            world.reset(SEED)
