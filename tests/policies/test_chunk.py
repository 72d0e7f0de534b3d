"""Chunks are carried out in order, replay proposes what acting would have done, and files are checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from robolearn.contracts import Encoded, Float32
from robolearn.errors import BorderError, ModelError
from robolearn.policies import files
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape
from robolearn.policies.residual import ResidualNetwork, ResidualPolicy, ResidualShape

CAMERAS, DIM, PROPRIO, ACTIONS = ("front", "wrist"), 5, 4, 3
READOUT = 6
SHAPE = ChunkShape(
    tower="tower", cameras=CAMERAS, feature_dim=DIM, proprio_dim=PROPRIO, readout_dim=READOUT, action_dim=ACTIONS,
    horizon=6, execute=3, hidden=(16,), dropout=0.1,
)  # fmt: skip


def policy(shape: ChunkShape = SHAPE) -> ChunkPolicy:
    torch.manual_seed(1)
    network = ChunkNetwork(shape)
    network.senses.readout.normal_()
    return ChunkPolicy(network)


def episode(ticks: int) -> tuple[Float32, Float32]:
    """Features (T, C, D) and proprioception (T, P)."""
    rng = np.random.default_rng(ticks)
    features = rng.normal(size=(ticks, len(CAMERAS), DIM)).astype(np.float32)
    return features, rng.normal(size=(ticks, PROPRIO)).astype(np.float32)


def encoded(features: Float32, proprio: Float32) -> Encoded:
    """One tick, with a second variant that nobody is to look at."""
    variants = np.stack([features, np.full_like(features, 9.0)], axis=1)
    return Encoded(dict(zip(CAMERAS, variants, strict=True)), proprio)


def acted(chosen: ChunkPolicy, features: Float32, proprio: Float32) -> Float32:
    chosen.reset()
    return np.array([chosen.act(encoded(*tick)).values for tick in zip(features, proprio, strict=True)])


def test_a_chunk_is_carried_out_in_order_before_the_next_is_chosen() -> None:
    chosen = policy()
    features, proprio = episode(SHAPE.execute + 1)
    with torch.inference_mode():
        chunks = chosen.network(torch.from_numpy(features), torch.from_numpy(proprio)).numpy()
    actions = acted(chosen, features, proprio)
    np.testing.assert_allclose(actions[: SHAPE.execute], chunks[0, : SHAPE.execute], atol=1e-6)
    np.testing.assert_allclose(actions[SHAPE.execute], chunks[SHAPE.execute, 0], atol=1e-6)
    assert not np.allclose(chunks[0, 0], chunks[0, 1])  # the order is told apart at all


def test_a_new_episode_starts_a_new_chunk() -> None:
    chosen = policy()
    features, proprio = episode(2)
    first = acted(chosen, features[:1], proprio[:1])
    chosen.act(encoded(features[1], proprio[1]))
    np.testing.assert_array_equal(acted(chosen, features[:1], proprio[:1]), first)


@pytest.mark.parametrize("ticks", [1, 3, 7, 12])
@pytest.mark.parametrize("execute", [1, 3, 6])
def test_what_it_proposes_along_an_episode_is_what_it_would_have_done(ticks: int, execute: int) -> None:
    chosen = policy(replace(SHAPE, execute=execute))
    features, proprio = episode(ticks)
    proposed = chosen.propose(features, proprio)
    assert proposed.shape == (ticks, ACTIONS)
    np.testing.assert_allclose(proposed, acted(chosen, features, proprio), atol=1e-6)


def test_an_action_that_was_handed_out_is_the_callers_own() -> None:
    features, proprio = episode(2)
    expected = acted(policy(), features, proprio)[1]
    chosen = policy()
    chosen.act(encoded(features[0], proprio[0])).values[:] = 7.0
    np.testing.assert_array_equal(chosen.act(encoded(features[1], proprio[1])).values, expected)


@pytest.mark.parametrize("part", ["features", "proprio"])
@pytest.mark.parametrize("fault", ["shape", "nan"])
def test_an_observation_that_does_not_fit_is_refused(part: str, fault: str) -> None:
    features, proprio = episode(1)
    wrong = {"features": features[0], "proprio": proprio[0]}
    wrong[part] = wrong[part][..., :-1] if fault == "shape" else wrong[part] * np.nan
    with pytest.raises(BorderError, match="base policy"):
        policy().act(encoded(**wrong))


def test_a_missing_camera_is_named_with_those_there_are() -> None:
    features, proprio = episode(1)
    seen = encoded(features[0], proprio[0])
    with pytest.raises(BorderError, match=r"wrist.*front"):
        policy().act(Encoded({"front": seen.features["front"]}, seen.proprio))


def test_it_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    first = policy()
    first.save(tmp_path / "base")
    back = ChunkPolicy.load(tmp_path / "base")
    assert back.shape == first.shape
    features, proprio = episode(5)
    np.testing.assert_array_equal(back.propose(features, proprio), first.propose(features, proprio))


@pytest.mark.parametrize("name", [files.WEIGHTS, files.META])
@pytest.mark.parametrize("damage", ["missing", "cut short", "empty"])
def test_files_that_are_missing_or_damaged_are_named_with_the_way_out(name: str, damage: str, tmp_path: Path) -> None:
    policy().save(tmp_path)
    path = tmp_path / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40] if damage == "cut short" else b"")
    with pytest.raises(ModelError, match=r"base policy.*robolearn train base") as caught:
        ChunkPolicy.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_weights_of_other_sizes_are_refused(tmp_path: Path) -> None:
    policy().save(tmp_path / "one")
    policy(replace(SHAPE, hidden=(8,))).save(tmp_path / "other")
    (tmp_path / "other" / files.WEIGHTS).replace(tmp_path / "one" / files.WEIGHTS)
    with pytest.raises(ModelError, match="do not fit"):
        ChunkPolicy.load(tmp_path / "one")


def test_a_description_of_another_version_is_refused(tmp_path: Path) -> None:
    policy().save(tmp_path)
    path = tmp_path / files.META
    meta = json.loads(path.read_text())
    path.write_text(json.dumps({**meta, "attention_heads": 4}))
    with pytest.raises(ModelError, match="attention_heads"):
        ChunkPolicy.load(tmp_path)


def residual(scale: float = 0.2) -> ResidualNetwork:
    network = ResidualNetwork(
        ResidualShape(
            cameras=CAMERAS, feature_dim=DIM, proprio_dim=PROPRIO, readout_dim=READOUT, action_dim=ACTIONS,
            hidden=(16,), scale=scale,
        )
    )  # fmt: skip
    network.senses.readout.normal_()
    return network


def test_before_it_has_learned_the_residual_changes_nothing() -> None:
    features, proprio = episode(9)
    base = acted(policy(), features, proprio)
    stacked = ResidualPolicy(policy(), residual())
    done = [stacked.act(encoded(*tick)).values for tick in zip(features, proprio, strict=True)]
    np.testing.assert_array_equal(done, base)


def test_the_residual_and_its_noise_keep_their_bounds() -> None:
    network = residual(scale=0.2)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=3.0)
    stacked, rng = ResidualPolicy(policy(), network), np.random.default_rng(0)
    features, proprio = episode(60)
    for tick in zip(features, proprio, strict=True):
        done = stacked.explore(encoded(*tick), 0.1, rng).values
        assert np.abs(done).max() <= 1.0
        assert np.abs(done - stacked.base_action).max() <= 0.2 + 3 * 0.1 + 1e-6
