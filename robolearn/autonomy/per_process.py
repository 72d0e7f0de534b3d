"""What a worker process opens for its first task, and keeps open for all the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import ExitStack
from functools import cache
from typing import TypeVar

import torch

Job = TypeVar("Job", bound=Hashable)
Opened = TypeVar("Opened")


def once_per_process(open_job: Callable[[Job, ExitStack], Opened]) -> Callable[[Job], Opened]:
    """A function that opens a job at its first call in a process, on one thread of torch, to the process's end."""

    @cache
    def kept(job: Job) -> tuple[Opened, ExitStack]:
        torch.set_num_threads(1)
        stack = ExitStack()
        return open_job(job, stack), stack

    return lambda job: kept(job)[0]
