"""``robolearn eval``: success on held-out resets, by the world's own truth or a person who watches."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import cv2

from robolearn import atomic
from robolearn.autonomy.evaluation import Outcome, as_json, best_and_worst, held_out_seeds
from robolearn.autonomy.evaluation_pool import EvaluationJob, Which, evaluate
from robolearn.autonomy.homing import START_POSE
from robolearn.cli.job import Job, add_backend_argument, add_job_arguments, job_of
from robolearn.errors import ConfigError, unknown
from robolearn.progress import Progress

POLICIES: tuple[Which, ...] = ("base", "final")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, which of its policies, how many resets."""
    add_job_arguments(parser)
    add_backend_argument(parser)
    parser.add_argument("--policy", default="final", help="which policy: " + " or ".join(POLICIES))
    parser.add_argument("--episodes", type=int, help="held-out resets (from the configuration)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate, and return success with its interval."""
    job = job_of(args, elsewhere=True)
    which = {name: name for name in POLICIES}.get(args.policy)
    if which is None:
        raise ConfigError(unknown("policy", args.policy, POLICIES))
    count = job.config.evaluation.episodes if args.episodes is None else args.episodes
    if count < 1:
        raise ConfigError(f"--episodes must be at least 1, got {count}")
    with Progress({f"eval {which}": count * 0.5}) as progress:
        result = work(job, progress, which, count)
    names = ("successes", "episodes", "ci95", "cycle_time_s", "decided_by", "cut_short")
    return {"success": result["successes"] / result["episodes"], **{name: result[name] for name in names}}


def work(job: Job, progress: Progress, which: Which, count: int) -> dict[str, Any]:
    """The stage: writes ``eval_base.json`` or ``eval_final.json``, on another station than the run's with its name.

    The file also holds what was done before a fault or Ctrl-C; the stage is not done then. Raises BorderError,
    ConfigError, DeviceError, ModelError and KeyboardInterrupt."""
    label = f"{which}_{job.station.name}" if job.is_elsewhere else which
    start = None if job.is_elsewhere else job.run.file(START_POSE)
    asked = EvaluationJob(job.run.path, **job.names, backend=job.station.backend, which=which, start_pose=start)
    workers = job.config.evaluation.workers if job.station.backend == "twin" else 1  # of other cells there is one
    done: list[Outcome] = []
    with job.stage(f"eval {label}"), progress.stage(f"eval {which}", total=count) as stage:

        def report(outcome: Outcome) -> None:
            done.append(outcome)
            stage.update(len(done), f"{sum(one.success for one in done)} of {len(done)} succeeded")

        evaluated = evaluate(asked, held_out_seeds(count), workers, report)
        result = as_json(evaluated, job.station.policy_hz, _strips(job, label, evaluated.outcomes))
        atomic.write_json(job.run.file(f"eval_{label}.json"), result)
        if evaluated.error is not None:
            raise evaluated.error
    return result


def _strips(job: Job, evaluation: str, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Write the pictures of the best and the worst episode, and return where they are."""
    strips = []
    for label, outcome in best_and_worst(outcomes).items():
        names = [f"frames/{evaluation}_{label}_{index:02d}.png" for index in range(len(outcome.pictures))]
        for name, picture in zip(names, outcome.pictures, strict=True):
            encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
            atomic.write_bytes(job.run.file(name), encoded.tobytes())
        strips.append({"seed": outcome.seed, "label": label, "images": names})
    return strips
