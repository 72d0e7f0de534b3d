"""``robolearn bench ros``: from a camera's frame to a command at the arm, beside bare DDS; frames lost, and the CPU.

One run has a learner at work and a virtual arm on its bus throughout. First the real nodes of a cell carry frames and
commands, then two minimal processes do, with the same frames, the same inference and the same profile of DDS."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from robolearn import atomic
from robolearn.bars import Bar, outcome
from robolearn.bench import machine
from robolearn.errors import BenchError, ConfigError
from robolearn.nodes import topics
from robolearn.nodes.bench.listening import Commands, count_frames, percentiles
from robolearn.nodes.bench.ready import wait_for_gate
from robolearn.nodes.bench.rig import CAMERAS, running_cell, virtual_arm
from robolearn.nodes.link import Link
from robolearn.nodes.up.child import Child
from robolearn.processes import Urgency, die_with, served_as
from robolearn.progress import Progress, Stage

NAME = "bench ros"
RATES_HZ = (10, 30)
MOST_TIMES_BARE = 1.5
START_UP_S = 15.0  # of a side, for the first estimate of the time left
START_S = 120.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long, and where to keep the raw result."""
    parser.add_argument("--seconds", type=float, default=60.0, help="each rate is measured this long on each side")
    parser.add_argument("--frames-seconds", type=float, default=60.0, help="frames are counted this long")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep the result, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, and return figures and bars."""
    if not (args.seconds > 0 and args.frames_seconds > 0):
        raise ConfigError("--seconds and --frames-seconds must be above 0")
    expected_s = {NAME: args.frames_seconds + 4 * (args.seconds + START_UP_S)}
    with Progress(expected_s) as progress, progress.stage(NAME, total=1 + 2 * len(RATES_HZ)) as stage:
        result = measure(args.seconds, args.frames_seconds, stage)
    if args.save is not None:
        atomic.write_json(args.save, machine.raw_document(" ".join(["robolearn", *sys.argv[1:]]), result))
    return result


def measure(seconds: float, frames_seconds: float, stage: Stage) -> dict[str, Any]:
    """Figures and bars; ``seconds`` [s] for each rate and side. Raises BenchError, ConfigError and DeviceError."""
    namespace = f"bench_{os.getpid()}"
    with virtual_arm() as port:
        with running_cell(namespace, port) as (station, children), closing(_urgent_link(namespace)) as link:
            wait_for_gate(link, children)
            counted = frames(link, children, frames_seconds)
            stage.advance(note="frames counted")
            ours, speed = at_each_rate(lambda hz: over_nodes(link, station, namespace, hz, seconds), stage)
        bare, bare_speed = at_each_rate(lambda hz: over_bare_dds(namespace, hz, seconds), stage)
    figures = {
        "frames": counted,
        **{f"{hz}_hz": _compared(ours[hz], bare[hz]) for hz in RATES_HZ},
        "learner_updates_per_s": {"robolearn": speed, "bare": bare_speed},
    }
    return outcome(figures, bars(figures))


def _urgent_link(namespace: str) -> Link:
    """What times the commands at the arm is served as the arm is; its threads alone, not the processes begun later."""
    with served_as(Urgency.MOVES):
        return Link("bench", namespace, START_S)


def at_each_rate(side: Callable[[int], dict[str, Any]], stage: Stage) -> tuple[dict[int, dict[str, Any]], float]:
    """Figures of a side at each rate, with a learner at work, and how many updates that did each second."""
    figures = {}
    with learner() as rates:
        for hz in RATES_HZ:
            figures[hz] = side(hz)
            stage.advance(note=f"{hz} Hz")
    return figures, float(np.mean(rates))


def _compared(ours: dict[str, Any], bare: dict[str, Any]) -> dict[str, Any]:
    slowest = [side["to_arm"]["p99_ms"] for side in (ours, bare)]
    longer = math.nan if None in slowest else slowest[0] / slowest[1]
    return {"robolearn": ours, "bare": bare, "p99_times_bare": longer}


def bars(figures: dict[str, Any]) -> list[Bar]:
    """What is promised."""
    times = [
        Bar(f"p99_times_bare_{hz}_hz", figures[f"{hz}_hz"]["p99_times_bare"], MOST_TIMES_BARE, "<=") for hz in RATES_HZ
    ]
    missed = sum(figures[f"{hz}_hz"]["robolearn"]["missed"] for hz in RATES_HZ)
    lost = figures["frames"]["lost"]
    return [*times, Bar("frames_lost", lost, 0, "<="), Bar("commands_missed", missed, 0, "<=")]


def frames(link: Link, children: Sequence[Child], seconds: float) -> dict[str, Any]:
    """Frames sent and lost, and the share of one core that cameras and listener take."""
    for name in CAMERAS:
        link.expect_publisher(topics.IMAGE.of(name))
    pids = [child.pid for child in children if child.name.startswith("camera_node") and child.pid is not None]
    processes = [psutil.Process(pid) for pid in (*pids, os.getpid())]
    before_s = [_cpu_s(process) for process in processes]
    counted = count_frames(link, seconds)
    shares = [(_cpu_s(process) - was_s) / seconds for process, was_s in zip(processes, before_s, strict=True)]
    return {
        "seconds": seconds,
        **counted._asdict(),
        "cpu_of_a_camera": sum(shares[:-1]) / len(CAMERAS),
        "cpu_of_the_listener": shares[-1],
        "cpu_of_the_machine": sum(shares) / (os.cpu_count() or 1),
    }


def over_nodes(link: Link, station: Path, namespace: str, hz: int, seconds: float) -> dict[str, Any]:
    """Our side at one rate."""
    commands, timing = Commands(), ("--hz", str(hz), "--seconds", str(seconds))
    with commands.heard(link):
        (told,) = told_by(["actor", str(station), namespace, *timing])
    took_ms = commands.took_ms(told["pairs"])
    return {
        "to_arm": percentiles(took_ms),
        "inference": percentiles(told["inference_ms"]),
        "real_time": told["real_time"],
        "missed": told["missed"] + len(told["pairs"]) - len(took_ms),
    }


def over_bare_dds(namespace: str, hz: int, seconds: float) -> dict[str, Any]:
    """The two minimal processes at one rate."""
    timing = ("--hz", str(hz), "--seconds", str(seconds))
    actor, camera = told_by(["bare", "actor", namespace, *timing], ["bare", "camera", namespace, *timing])
    return {"to_arm": percentiles(camera["took_ms"]), "inference": percentiles(actor["inference_ms"])}


@contextmanager
def learner() -> Iterator[list[float]]:
    """A learner at work. At the end the list holds its updates per second. Raises BenchError if it does not start."""
    rates: list[float] = []
    process = _started("train")
    try:
        if process.stdout is None or not process.stdout.readline():
            raise BenchError(f"the learner did not start: {process.communicate()[1]}")
        yield rates
    finally:
        process.kill()
        rates.extend(float(line) for line in process.communicate()[0].splitlines())


def told_by(*commands: Sequence[str]) -> list[dict[str, Any]]:
    """Figures that modules of this package end with when they run at the same time. Raises BenchError if one fails."""
    processes = [_started(*words) for words in commands]
    try:
        said = [process.communicate(timeout=START_S + 600.0) for process in processes]
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{' '.join(error.cmd[1:5])} did not end") from error
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (_, faults) in zip(processes, said, strict=True):
        if process.returncode != 0:
            raise BenchError(f"a side of the comparison ended with status {process.returncode}: {faults[-500:]}")
    return [json.loads(out.splitlines()[-1]) for out, _ in said]


def _started(module: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"{__package__}.{module}", *words]
    environment = {**os.environ, **ONE_THREAD}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        preexec_fn=die_with(os.getpid()),
    )  # fmt: skip


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
