"""``robolearn train tower``: draw pictures of the twin with generated captions, and train a small open_clip model."""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robolearn.errors import ConfigError

DRAW_S, TRAIN_S = 0.006, 0.01  # expected for a scene, and for a scene in an epoch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--station", default="so101_twin", help="station whose cameras see the scenes")
    parser.add_argument("--task", default="lift_cube", help="task whose randomisation is drawn from")
    parser.add_argument("--scenes", type=int, default=60_000, help="number of scenes")
    parser.add_argument("--epochs", type=int, default=4, help="passes over them")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the tower to")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Draw, train, save; returns the last losses and the time."""
    from robolearn.backends import load_station
    from robolearn.progress import Progress
    from robolearn.vision import pictures, tower_training
    from robolearn.vision.tower import Tower

    if args.scenes < 256:
        raise ConfigError(f"--scenes must be at least 256, got {args.scenes}")
    started = time.monotonic()
    last: dict[str, float] = {}
    expected_s = {"draw": DRAW_S * args.scenes, "train": TRAIN_S * args.scenes * args.epochs}
    with tempfile.TemporaryDirectory() as folder, Progress(expected_s, plain=args.json) as progress:
        with progress.stage("draw", total=args.scenes) as stage:
            _draw(args, Path(folder), stage.update)
        settings = tower_training.TowerTraining(epochs=args.epochs)
        with progress.stage("train", total=1000) as stage:

            def report(losses: dict[str, float]) -> None:
                last.update(losses)
                stage.update(round(1000 * losses["step"] / losses["steps"]))

            known = pictures.read(Path(folder))
            tower_training.save(tower_training.train(known, settings, report), args.out)
            cameras = tuple(load_station(args.station).cameras)
            tower_training.save_readouts(Tower.load(str(args.out)), known, cameras, args.out)
    return {"scenes": args.scenes, "epochs": args.epochs, "wall_s": round(time.monotonic() - started, 1), **last}


def _draw(args: argparse.Namespace, folder: Path, update: Callable[[int], None]) -> None:
    """Two processes draw the halves."""
    from robolearn.vision import pictures

    book = _book(args.station, args.task)
    pictures.create(folder, args.scenes, book.sample(0))
    halves = [range(args.scenes // 2), range(args.scenes // 2, args.scenes)]
    other = multiprocessing.get_context("spawn").Process(
        target=_fill_half, args=(args.station, args.task, folder, halves[1]), daemon=True
    )
    other.start()
    pictures.fill(folder, book, halves[0], lambda done: update(2 * done))
    other.join()
    if other.exitcode != 0:
        raise ConfigError(f"a worker failed to draw its pictures (exit status {other.exitcode}); see its output above")


def _fill_half(station: str, task: str, folder: Path, indices: range) -> None:
    from robolearn.vision import pictures

    pictures.fill(folder, _book(station, task), indices, lambda done: None)


def _book(station: str, task: str) -> Any:
    from robolearn.backends import load_station, load_task
    from sim.config import TwinTask
    from sim.pictures import PictureBook

    loaded = load_station(station)
    twin = load_task(task).twin.read(TwinTask)
    return PictureBook(loaded.camera_specs(), twin, loaded.action.tool_pitch_rad)
