"""Replay: returns against a plain reference, pools, base actions, and the two kinds of observation."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robolearn.contracts import Decision, Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, FeatureSchema, Source, StoreSchema
from robolearn.episodes.pixels import PAD, PixelReplay
from robolearn.episodes.replay import ReplayBuffer
from robolearn.errors import BorderError, StoreError
from tests.episodes.makers import SCHEMA, info, row

GAMMA = 0.9
SQUARE = replace(SCHEMA, cameras={"front": (16, 16), "wrist": (16, 16)})


def record(
    store: EpisodeStore,
    kind: EpisodeKind,
    steps: int,
    ending: Ending,
    *,
    paid: bool = False,
    label: bool | None = None,
    interventions: tuple[int, ...] = (),
    start: int = 0,
) -> str:
    """Record ``steps`` transitions; with ``paid`` the reward model sees success in the last row."""
    policy = Source.DEMO if kind is EpisodeKind.DEMO else Source.POLICY
    base = kind is not EpisodeKind.DEMO
    with store.begin(info(kind)) as writer:
        for index in range(steps):
            source = Source.INTERVENTION if index in interventions else policy
            writer.append(row(start + index, store.schema, source=source, base=base))
        decision = Decision.SUCCESS if paid else Decision.FAILURE
        last = row(start + steps, store.schema, last=True, decision=decision, base=base)
        writer.end(ending, last, label=label)
    return writer.id


def loaded(store: EpisodeStore, residual: bool = True) -> ReplayBuffer:
    """A buffer with everything that the store has."""
    buffer = ReplayBuffer(store.schema, residual)
    for news in store.tail()[0]:
        buffer.add(news)
    return buffer


@pytest.fixture
def store(tmp_path: Path) -> EpisodeStore:
    return EpisodeStore.create(tmp_path / "store", SCHEMA)


def reference_return(rewards: list[float], terminated: bool, start: int, steps: int) -> tuple[int, float, float]:
    """Row reached, n-step sum and discount; ``rewards[t]`` is paid for arriving at row t."""
    last = len(rewards) - 1
    end = min(start + steps, last)
    total = sum(GAMMA**k * rewards[start + 1 + k] for k in range(end - start))
    return end, total, 0.0 if terminated and end == last else GAMMA ** (end - start)


@pytest.mark.parametrize("steps", [1, 3, 5, 50])
@pytest.mark.parametrize("ending", list(Ending))
def test_n_step_returns_are_those_of_a_plain_reference(store: EpisodeStore, ending: Ending, steps: int) -> None:
    lengths = (7, 1, 12)
    for length in lengths:
        record(store, EpisodeKind.PRACTICE, length, ending, paid=ending is Ending.SUCCESS)
    buffer = loaded(store)
    batch = buffer.batch(400)
    buffer.sample(batch, steps, GAMMA, np.random.default_rng(0))
    begins = np.cumsum([0, *(length + 1 for length in lengths)])
    for at, end, reward, discount in zip(batch.row, batch.next_row, batch.reward, batch.discount, strict=True):
        episode = int(np.searchsorted(begins, at, side="right")) - 1
        first, length = int(begins[episode]), lengths[episode]
        rewards = [0.0] * length + [float(ending is Ending.SUCCESS)]
        expected = reference_return(rewards, ending.terminated, int(at) - first, steps)
        assert (end - first, reward, discount) == pytest.approx(expected)
    assert set(batch.row) == {at for at in range(begins[-1]) if at + 1 not in begins}


def test_a_batch_holds_what_was_recorded(store: EpisodeStore) -> None:
    record(store, EpisodeKind.PRACTICE, 9, Ending.TIMEOUT)
    buffer = loaded(store)
    batch = buffer.batch(64)
    buffer.sample(batch, 2, GAMMA, np.random.default_rng(1))
    for i, (at, end) in enumerate(zip(batch.row, batch.next_row, strict=True)):
        first, after = row(int(at)), row(int(end))
        assert first.step is not None
        np.testing.assert_array_equal(batch.action[i], first.step.executed)
        np.testing.assert_array_equal(batch.base_action[i], first.base_action)
        np.testing.assert_array_equal(batch.next_base_action[i], after.base_action)
        np.testing.assert_array_equal(batch.proprio[i], first.proprio)
        np.testing.assert_array_equal(batch.next_proprio[i], after.proprio)
        for camera, name in enumerate(("front", "wrist")):
            variants = first.features[name].astype(np.float16).astype(np.float32)
            assert (variants == batch.features[i, camera]).all(axis=1).sum() == 1
            variants = after.features[name].astype(np.float16).astype(np.float32)
            assert (variants == batch.next_features[i, camera]).all(axis=1).sum() == 1


def test_every_float16_is_gathered_exactly(tmp_path: Path) -> None:
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = numbers[np.isfinite(numbers)].reshape(8, 1, 1, -1)
    schema = replace(SCHEMA, features=FeatureSchema("t", ("front",), 1, finite.shape[-1]))
    buffer = ReplayBuffer(schema)
    buffer.features.extend(finite)
    out = np.zeros((8, 1, finite.shape[-1]), np.float32)
    buffer._gather(np.arange(8), out, np.random.default_rng(0))
    np.testing.assert_array_equal(out, finite[:, 0].astype(np.float32))


def test_half_of_a_batch_comes_from_demos_and_interventions(store: EpisodeStore) -> None:
    demo = record(store, EpisodeKind.DEMO, 5, Ending.SUCCESS, label=True)
    record(store, EpisodeKind.PRACTICE, 40, Ending.TIMEOUT, interventions=(3, 4))
    record(store, EpisodeKind.EVAL, 10, Ending.SUCCESS)
    buffer = loaded(store)
    buffer.set_base_actions(demo, np.zeros((6, 3), np.float32))
    batch = buffer.batch(256)
    buffer.sample(batch, 1, GAMMA, np.random.default_rng(2))
    assert set(batch.row[:128]) == {0, 1, 2, 3, 4, 6 + 3, 6 + 4}
    assert set(batch.row[128:]) <= set(range(6, 46))
    assert len(set(batch.row[128:])) > 30


def test_one_pool_alone_fills_the_batch(store: EpisodeStore) -> None:
    record(store, EpisodeKind.PRACTICE, 4, Ending.FAILURE)
    buffer = loaded(store)
    batch = buffer.batch(8)
    buffer.sample(batch, 1, GAMMA, np.random.default_rng(0))
    assert set(batch.row) <= {0, 1, 2, 3}
    with pytest.raises(StoreError, match="no transition to draw"):
        loaded(EpisodeStore.create(store.path / "other", SCHEMA)).sample(batch, 1, GAMMA, np.random.default_rng(0))


def test_demos_are_paid_by_label_and_practice_by_the_reward_model(store: EpisodeStore) -> None:
    record(store, EpisodeKind.DEMO, 3, Ending.SUCCESS, label=True)
    record(store, EpisodeKind.DEMO, 3, Ending.FAILURE, label=False, paid=True)
    record(store, EpisodeKind.PRACTICE, 3, Ending.SUCCESS, paid=True)
    record(store, EpisodeKind.PRACTICE, 3, Ending.SUCCESS, label=True)
    rewards = loaded(store).reward.rows.reshape(4, 4)
    np.testing.assert_array_equal(rewards[:, :3], 0)
    np.testing.assert_array_equal(rewards[:, 3], [1, 0, 1, 0])


@pytest.mark.parametrize("ending", [Ending.STOPPED, Ending.FAULT])
def test_a_demo_that_nobody_judged_is_in_no_pool(store: EpisodeStore, ending: Ending) -> None:
    record(store, EpisodeKind.DEMO, 3, ending)
    kept = record(store, EpisodeKind.DEMO, 3, Ending.TIMEOUT, label=False)
    buffer = loaded(store)
    assert buffer.without_base_action == {kept} and buffer.transitions == 3
    np.testing.assert_array_equal(buffer.prior.rows, [4, 5, 6])
    assert not buffer.practice.size


def test_a_demo_is_in_the_prior_pool_only_once_it_is_judged(store: EpisodeStore) -> None:
    buffer = ReplayBuffer(SCHEMA, residual=False)
    with store.begin(info(EpisodeKind.DEMO)) as writer:
        for index in range(20):
            writer.append(row(index, source=Source.DEMO, base=False))
        news, cursor = store.tail()
        while not news:  # rows are committed by a thread of the writer
            time.sleep(0.01)
            news, cursor = store.tail()
        for item in news:
            buffer.add(item)
        assert buffer.size and not buffer.prior.size
        writer.end(Ending.SUCCESS, row(20, last=True, base=False), label=True)
    for item in store.tail(cursor)[0]:
        buffer.add(item)
    np.testing.assert_array_equal(buffer.prior.rows, range(20))
    assert buffer.reward.rows[20] == 1


def test_sampling_waits_for_the_base_actions_of_demos(store: EpisodeStore) -> None:
    demo = record(store, EpisodeKind.DEMO, 3, Ending.SUCCESS, label=True)
    buffer = loaded(store)
    batch = buffer.batch(4)
    with pytest.raises(StoreError, match=demo):
        buffer.sample(batch, 1, GAMMA, np.random.default_rng(0))
    with pytest.raises(BorderError, match="need finite"):
        buffer.set_base_actions(demo, np.zeros((3, 3), np.float32))
    with pytest.raises(BorderError, match="unknown episode"):
        buffer.set_base_actions("nobody", np.zeros((4, 3), np.float32))
    buffer.set_base_actions(demo, np.full((4, 3), 0.5, np.float32))
    buffer.sample(batch, 1, GAMMA, np.random.default_rng(0))
    assert (batch.base_action == 0.5).all() and (batch.next_base_action == 0.5).all()
    loaded(store, residual=False).sample(batch, 1, GAMMA, np.random.default_rng(0))
    assert (batch.base_action == 0).all()


def test_episodes_that_grow_at_the_same_time_do_not_mix(store: EpisodeStore) -> None:
    buffer, cursor = ReplayBuffer(SCHEMA), None
    with store.begin(info()) as one, store.begin(info()) as two:
        for index in range(40):
            one.append(row(index))
            two.append(row(1000 + index))
            if index % 10 == 9:
                news, cursor = store.tail(cursor)
                for item in news:
                    buffer.add(item)
        one.end(Ending.TIMEOUT)
        two.end(Ending.TIMEOUT)
    for item in store.tail(cursor)[0]:
        buffer.add(item)
    assert buffer.size == 80 and buffer.transitions == 78
    batch = buffer.batch(512)
    buffer.sample(batch, 3, GAMMA, np.random.default_rng(0))
    proprio = {tuple(row(index).proprio): index for index in (*range(40), *range(1000, 1040))}
    for now, after in zip(batch.proprio, batch.next_proprio, strict=True):
        start, end = proprio[tuple(now)], proprio[tuple(after)]
        assert end == min(start + 3, 39 if start < 1000 else 1039)


def test_pictures_are_shifted_with_repeated_edges(tmp_path: Path) -> None:
    store = EpisodeStore.create(tmp_path / "store", SQUARE)
    record(store, EpisodeKind.PRACTICE, 12, Ending.TIMEOUT)
    replay = PixelReplay(SQUARE)
    for news in store.tail()[0]:
        replay.add(news)
    batch = replay.batch(64)
    replay.sample(batch, 2, GAMMA, np.random.default_rng(0))
    shifts = set()
    for i, at in enumerate(batch.row):
        for camera, name in enumerate(SQUARE.cameras):
            padded = np.pad(row(int(at), SQUARE).images[name], ((PAD, PAD), (PAD, PAD), (0, 0)), mode="edge")
            found = [
                (y, x)
                for y in range(2 * PAD + 1)
                for x in range(2 * PAD + 1)
                if (padded[y : y + 16, x : x + 16] == batch.images[i, camera]).all()
            ]
            assert len(found) == 1
            shifts.update(found)
    assert len(shifts) > 40


def test_stores_without_the_needed_columns_are_refused() -> None:
    bare = StoreSchema("t", "s", ("a",), ("j",), 1, {"front": (8, 8), "wrist": (8, 4)}, store_images=True)
    with pytest.raises(StoreError, match="keeps no features"):
        ReplayBuffer(bare)
    with pytest.raises(StoreError, match="pictures of one size"):
        PixelReplay(bare)
