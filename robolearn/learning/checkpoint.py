"""The state of a learner on disk: one file, replaced in one step, from which it goes on after any kill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from robolearn import atomic
from robolearn.errors import ModelError
from robolearn.learning import tensors


@dataclass(frozen=True)
class Checkpoint:
    """Everything a learner is, but for the data: that is in the store."""

    updates: int
    agent: Mapping[str, Tensor]  # networks, optimisers, generators, counters
    sampler: Mapping[str, Any]  # state of the NumPy generator that draws batches


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at ``path``; durable once this returns. Raises ModelError and OSError."""
    notes = {"updates": str(checkpoint.updates), "sampler": json.dumps(dict(checkpoint.sampler))}
    atomic.write_bytes(path, tensors.pack(checkpoint.agent, notes))


def load(path: Path) -> Checkpoint | None:
    """The checkpoint at ``path``, None if there is none yet. Raises ModelError if it is damaged."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        agent, notes = tensors.unpack(data, str(path))
        return Checkpoint(int(notes["updates"]), agent, json.loads(notes["sampler"]))
    except (ModelError, KeyError, ValueError) as cause:
        raise ModelError(
            f"{cause}. Restore {path} from a copy, or remove it: learning starts anew on the same data."
        ) from cause
