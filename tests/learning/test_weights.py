"""Published weights are whole, checked, and the newest wins."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robolearn.errors import ModelError
from robolearn.learning import checkpoint
from robolearn.learning.checkpoint import Checkpoint
from robolearn.learning.tensors import pack, unpack
from robolearn.learning.weights import NO_VERSION, WeightsFolder

POLICY = {"head.weight": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(7)}


def test_what_is_published_is_what_is_loaded(tmp_path: Path) -> None:
    folder = WeightsFolder(tmp_path / "weights")
    assert folder.newest() == NO_VERSION
    version = folder.publish(POLICY, updates=120)
    loaded = folder.load(version)
    assert (loaded.version, loaded.updates) == (version, 120)
    assert {name: tensor.tolist() for name, tensor in loaded.tensors.items()} == {
        name: tensor.tolist() for name, tensor in POLICY.items()
    }


def test_versions_grow_and_the_last_few_stay(tmp_path: Path) -> None:
    folder = WeightsFolder(tmp_path, keep=3)
    published = [folder.publish(POLICY, updates) for updates in range(6)]
    assert published == [0, 1, 2, 3, 4, 5]
    assert folder.versions() == [3, 4, 5]
    assert WeightsFolder(tmp_path).publish(POLICY, 6) == 6
    with pytest.raises(ModelError, match="no version 1 .* there: 4, 5, 6"):
        folder.load(1)


def test_every_truncation_and_any_changed_byte_is_refused(tmp_path: Path) -> None:
    folder = WeightsFolder(tmp_path)
    folder.publish(POLICY, 1)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="weights-000000000"):
            folder.load(0)
    for place in range(0, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(ModelError):
            folder.load(0)


def test_a_renamed_version_is_refused(tmp_path: Path) -> None:
    folder = WeightsFolder(tmp_path)
    folder.publish(POLICY, 1)
    (path,) = tmp_path.iterdir()
    path.rename(tmp_path / "weights-000000009.safetensors")
    with pytest.raises(ModelError, match="holds version 0"):
        folder.load(9)


def test_weights_that_are_not_finite_are_never_published(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"not finite: a.*diverged"):
        WeightsFolder(tmp_path).publish({"a": torch.tensor([1.0, float("nan")])}, 1)
    assert WeightsFolder(tmp_path).versions() == []


def test_a_half_written_file_is_not_a_version(tmp_path: Path) -> None:
    folder = WeightsFolder(tmp_path)
    (tmp_path / ".weights-000000004.safetensors.x1.tmp").write_bytes(b"half")
    assert folder.newest() == NO_VERSION


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
def test_every_type_of_tensor_survives_packing(dtype: torch.dtype) -> None:
    tensors = {"scalar": torch.ones((), dtype=dtype), "empty": torch.ones(0, 3, dtype=dtype)}
    loaded, notes = unpack(pack(tensors, {"of": "test"}), "here")
    assert notes == {"of": "test"}
    assert all(torch.equal(loaded[name], tensor) and loaded[name].dtype == dtype for name, tensor in tensors.items())


def test_a_checkpoint_comes_back_and_a_damaged_one_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    assert checkpoint.load(path) is None
    sampler = {"bit_generator": "PCG64", "state": {"state": 2**120 + 1, "inc": 3}}
    checkpoint.save(path, Checkpoint(41, POLICY, sampler))
    loaded = checkpoint.load(path)
    assert loaded and (loaded.updates, loaded.sampler) == (41, sampler)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ModelError, match=r"truncated or damaged.*or remove it: learning starts anew"):
        checkpoint.load(path)
