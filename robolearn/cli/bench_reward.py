"""``robolearn bench reward``: the success classifier on held-out frames, mishaps included."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from robolearn import atomic
from robolearn.autonomy.models import load_reward
from robolearn.autonomy.recording import DemoSet
from robolearn.bench import machine
from robolearn.bench.reward import mistakes, report, write_sheet
from robolearn.bench.reward_frames import RewardJob, judged_frames
from robolearn.cli import record, train_reward
from robolearn.cli.job import Job, add_job_arguments, job_of
from robolearn.episodes import EpisodeStore
from robolearn.errors import ConfigError
from robolearn.progress import Progress
from robolearn.vision.tower import Tower

NAME = "bench reward"
EXPECTED_S = {record.NAME: 20.0, train_reward.NAME: 15.0}
FRAME_S = 0.03
DEMOS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, how many frames, and where to show the mistakes."""
    add_job_arguments(parser)
    parser.add_argument("--demos", type=int, default=DEMOS, help=f"without --run: demonstrations to record ({DEMOS})")
    parser.add_argument("--frames", type=int, default=5000, help="held-out frames away from changes of the truth")
    parser.add_argument("--workers", type=int, help="processes that share the work (from the configuration)")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep the result, machine and versions")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="picture of the frames that are judged wrongly")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Judge the frames with the classifier of a run, or with one made for it, and return figures and bars."""
    if args.frames < 1 or (args.workers is not None and args.workers < 1):
        raise ConfigError("--frames and --workers must be at least 1")
    stages = {} if args.run else EXPECTED_S
    of = f"--run {args.run}" if args.run else f"--demos {args.demos}"
    with ExitStack() as stack:
        if made := args.run is None:
            args.run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="robolearn-")))
        job = job_of(args)
        with Progress({**stages, NAME: args.frames * FRAME_S}) as progress:
            if made:
                record.work(job, progress, args.demos)
                train_reward.work(job, progress)
            result = _measured(job, progress, args)
    if args.save is not None:
        command = f"robolearn {NAME} --task {job.task.name} --seed {job.seed} --frames {args.frames} {of}"
        atomic.write_json(args.save, machine.raw_document(command, result))
    return result


def _measured(job: Job, progress: Progress, args: argparse.Namespace) -> dict[str, Any]:
    shape = load_reward(job.run, Tower.load(job.config.features.tower)).shape
    workers = args.workers or job.config.evaluation.workers
    with progress.stage(NAME, total=args.frames) as stage:
        judged = judged_frames(RewardJob(job.run.path, **job.names), args.frames, workers, stage.update)
    demos = DemoSet.of(EpisodeStore.open(job.run.store))
    wrong = mistakes(judged, shape)
    if args.sheet is not None and wrong:
        write_sheet(args.sheet, wrong)
    return {"task": job.task.name, "demos": demos.count, **report(judged, shape)}
