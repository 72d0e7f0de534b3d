"""``robolearn learn``: the learner of a run alone, for an actor that practises elsewhere or was started without one."""

from __future__ import annotations

import argparse
from typing import Any

from robolearn.cli.job import add_job_arguments, job_of
from robolearn.cli.recorded import recorded
from robolearn.learning.__main__ import serve
from robolearn.learning.progress_file import read_progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_job_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Learn until stopped by Ctrl-C or SIGTERM, and return how far it came."""
    job = job_of(args)
    recorded(job)
    serve(job.run, job.config, job.seed)
    progress = read_progress(job.run.progress)
    return {"updates": progress.updates if progress else 0, "weights": job.run.weights}
