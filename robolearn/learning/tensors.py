"""Named tensors as one checked block of bytes: safetensors, with a checksum over everything that counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from robolearn.errors import ModelError

CHECKSUM = "sha256"


def pack(tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> bytes:
    """Bytes of ``tensors`` and ``notes``. Raises ModelError for a value that is not finite."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    broken = [name for name, tensor in plain.items() if not _finite(tensor)]
    if broken:
        raise ModelError(f"not finite: {', '.join(sorted(broken))}. Training has diverged: lower the learning rate.")
    return safetensors.torch.save(plain, {**notes, CHECKSUM: _checksum(plain, notes)})


def unpack(data: bytes, source: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Inverse of :func:`pack`. Raises ModelError, naming ``source``, if a byte is missing or different."""
    try:
        tensors = safetensors.torch.load(data)
        length = int.from_bytes(data[:8], "little")
        notes: dict[str, str] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{source} is truncated or damaged: {cause}") from cause
    checksum = notes.pop(CHECKSUM, "")
    if checksum != _checksum(tensors, notes):
        raise ModelError(f"{source} is damaged: checksum mismatch")
    return tensors, notes


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _checksum(tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(notes), sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
