"""Networks on disk: weights as safetensors, everything else as JSON beside them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import safetensors
from safetensors.torch import load_file, save
from torch import Tensor, nn

from robolearn import atomic
from robolearn.errors import ModelError

T = TypeVar("T")
WEIGHTS, META = "weights.safetensors", "model.json"


def save_network(folder: Path, meta: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write a model folder; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(folder / WEIGHTS, save({name: value.contiguous() for name, value in weights.items()}))
    atomic.write_json(folder / META, dict(meta))


def load(folder: Path, what: str, command: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a model folder. Raises ModelError naming ``what`` is missing and the ``command`` that makes it."""
    for name in (META, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelError(f"there is no {what} in {folder}: {name} is missing. Make it with: {command}")
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        return meta, load_file(folder / WEIGHTS)
    except (ValueError, safetensors.SafetensorError) as cause:
        raise ModelError(f"the {what} in {folder} is damaged: {cause}. Make it again with: {command}") from cause


def restored(cls: type[T], meta: Mapping[str, Any], folder: Path) -> T:
    """``meta`` as the dataclass ``cls``; JSON lists become tuples. Raises ModelError if the fields differ."""
    names = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if set(meta) != names:
        raise ModelError(f"{folder / META} has the keys {sorted(meta)}, this version expects {sorted(names)}")
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in meta.items()})


def fill(network: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Put ``weights`` into ``network``. Raises ModelError if they do not fit."""
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as cause:
        raise ModelError(f"the weights in {folder} do not fit the network: {cause}") from cause
