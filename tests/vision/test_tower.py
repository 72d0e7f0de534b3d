"""The image tower that ships: small, repeatable, and able to tell what is the case from sentences alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from robolearn.backends import load_station, load_task
from robolearn.contracts import Frame, Image
from robolearn.errors import BorderError, ModelError
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import SHIPPED, Tower, shipped
from sim.config import TwinTask
from sim.pictures import STATES, PictureBook

HELD_OUT = 50_000_000  # numbers of samples that no training of a tower draws
SCENES = 90
CHANCE = 1 / len(STATES)


@pytest.fixture(scope="module")
def tower() -> Tower:
    return Tower.load("twin")


@pytest.fixture(scope="module")
def scenes() -> tuple[list[tuple[Image, ...]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Fresh pictures of both cameras, and what is the case in each."""
    station, task = load_station("so101_twin"), load_task("cube_in_bin")
    book = PictureBook(station.camera_specs(), task.twin.read(TwinTask), station.action.tool_pitch_rad)
    samples = [book.sample(HELD_OUT + number) for number in range(SCENES)]
    book.close()
    return [sample.pictures for sample in samples], np.array([sample.state for sample in samples])


def picture(seed: int = 0, size: tuple[int, int] = (128, 128)) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)


def test_the_shipped_tower_is_small_enough_for_a_package() -> None:
    assert shipped() == ["twin"]
    assert sum(path.stat().st_size for path in (SHIPPED / "twin").iterdir()) < 10e6


def test_the_same_picture_has_the_same_features_in_any_company(tower: Tower) -> None:
    alone = tower.encode([picture(0)])
    np.testing.assert_array_equal(alone, tower.encode([picture(0)]))
    together = tower.encode([picture(1), picture(0), picture(2)])
    assert alone.shape == (1, tower.dim) and together.shape == (3, tower.dim) and alone.dtype == np.float32
    scale = np.abs(alone).max()
    np.testing.assert_allclose(together[1], alone[0], atol=0.03 * scale)
    assert np.abs(together[0] - together[1]).max() > 0.03 * scale


def test_another_process_would_get_the_same_tower(tower: Tower) -> None:
    again = Tower.load("twin")
    assert again.id == tower.id
    np.testing.assert_array_equal(again.encode([picture()]), tower.encode([picture()]))
    np.testing.assert_array_equal(again.encode_text(STATES), tower.encode_text(STATES))


def test_sentences_have_unit_features(tower: Tower) -> None:
    texts = tower.encode_text(STATES)
    assert texts.shape == (len(STATES), tower.dim)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1.0, atol=1e-5)


def test_sentences_alone_tell_fresh_pictures_apart(
    tower: Tower, scenes: tuple[list[tuple[Image, ...]], np.ndarray[tuple[int], np.dtype[np.int64]]]
) -> None:
    """Zero-shot: the nearest of six sentences, over both cameras, far above chance and for the common states alike."""
    pictures, states = scenes
    features = tower.encode([one for pair in pictures for one in pair]).reshape(SCENES, 2, -1)
    unit = features / np.linalg.norm(features, axis=2, keepdims=True)
    said = (unit @ tower.encode_text(STATES).T).mean(axis=1).argmax(axis=1)
    assert (said == states).mean() > 4 * CHANCE
    common = [state for state in range(len(STATES)) if (states == state).sum() >= 8]
    recalls = {STATES[state]: (said[states == state] == state).mean() for state in common}
    assert len(common) >= 3 and min(recalls.values()) > 2 * CHANCE, recalls


def test_fresh_samples_are_repeatable() -> None:
    station, task = load_station("so101_twin"), load_task("cube_in_bin")
    book = PictureBook(station.camera_specs(), task.twin.read(TwinTask), station.action.tool_pitch_rad)
    first, second = book.sample(HELD_OUT), book.sample(HELD_OUT)
    other = book.sample(HELD_OUT + 1)
    book.close()
    assert (first.state, first.caption) == (second.state, second.caption)
    np.testing.assert_array_equal(first.pictures, second.pictures)
    assert first.caption.startswith(STATES[first.state])
    assert not np.array_equal(first.pictures, other.pictures)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((128, 128), np.uint8),
        np.zeros((128, 128, 4), np.uint8),
        np.zeros((128, 128, 3), np.float32),
        np.zeros((1, 128, 128, 3), np.uint8),
    ],
    ids=["grey", "with alpha", "floats", "a batch"],
)
def test_what_is_no_rgb_picture_is_refused(tower: Tower, bad: Image) -> None:
    with pytest.raises(BorderError, match="RGB pictures"):
        tower.encode([bad])


def test_pictures_of_another_size_are_shrunk_first(tower: Tower) -> None:
    small = picture()
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(tower.encode([large]), tower.encode([small]))


def test_a_tower_of_ones_own_is_loaded_from_its_folder(tower: Tower, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "twin", tmp_path / "own")
    own = Tower.load(str(tmp_path / "own"))
    assert own.id == tower.id
    np.testing.assert_array_equal(own.encode([picture()]), tower.encode([picture()]))


@pytest.mark.parametrize("name", ["twim", "ViT-B-99:nobody", "/nowhere/at/all"])
def test_an_unknown_tower_names_those_there_are(name: str) -> None:
    with pytest.raises(ModelError, match=r"shipped tower \(twin\)") as caught:
        Tower.load(name)
    assert name in str(caught.value)


@pytest.mark.parametrize("damage", ["missing", "cut short", "config broken"])
def test_damaged_weights_are_refused(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(SHIPPED / "twin", folder)
    weights, meta = folder / "open_clip_model.safetensors", folder / "open_clip_config.json"
    if damage == "missing":
        weights.unlink()
    elif damage == "cut short":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        meta.write_text(meta.read_text()[:50])
    with pytest.raises(ModelError, match="cannot load the image tower"):
        Tower.load(str(folder))


def test_only_the_first_variant_is_the_picture_itself(tower: Tower) -> None:
    encoder = Encoder(tower, ("front", "wrist"), variants=4, seed=0)
    frames = {name: Frame(0, picture(number)) for number, name in enumerate(("front", "wrist"))}
    encoded = encoder.encode(frames, np.zeros(3, np.float32))
    assert {name: part.shape for name, part in encoded.features.items()} == dict.fromkeys(frames, (4, tower.dim))
    plain = tower.encode([frames["wrist"].rgb])[0]
    scale = np.abs(plain).max()
    np.testing.assert_allclose(encoded.features["wrist"][0], plain, atol=0.03 * scale)
    assert len(np.unique(encoded.features["wrist"], axis=0)) == 4
    assert encoder.encode(frames, np.zeros(3, np.float32), variants=1).features["front"].shape == (1, tower.dim)
