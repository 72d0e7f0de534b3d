"""Pictures with captions on disk: what a tower is trained on, written by several processes and mapped into memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from robolearn.contracts import Float, Image
from robolearn.errors import ModelError


class Scene(Protocol):
    """One scene: a picture of each camera, what is the case, a caption, and metric labels of each camera."""

    @property
    def pictures(self) -> tuple[Image, ...]:
        """One of each camera (H, W, 3)."""

    @property
    def state(self) -> int:
        """Index into the sentences of the book."""

    @property
    def caption(self) -> str:
        """What is the case, and some of where things are."""

    @property
    def metric(self) -> Sequence[Float]:
        """Numbers behind the captions, per camera."""


class Book(Protocol):
    """A source of scenes; the same index gives the same scene."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each thing that can be the case."""

    def sample(self, index: int) -> Scene:
        """Scene number ``index``."""


class Pictures(NamedTuple):
    """Training data: N scenes seen by K cameras."""

    images: NDArray[np.uint8]  # (N, K, H, W, 3)
    captions: Sequence[str]  # (N,)
    states: NDArray[np.int64]  # (N,), index into the sentences
    sentences: Sequence[str]
    metric: Sequence[NDArray[np.float32]]  # per camera (N, M_k)


def create(folder: Path, count: int, first: Scene) -> None:
    """Make room for ``count`` scenes like ``first``."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (count, len(first.pictures), *first.pictures[0].shape)
    np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape).flush()


def fill(folder: Path, book: Book, indices: Sequence[int], report: Callable[[int], None]) -> None:
    """Draw the scenes ``indices`` of ``book`` into their places; ``report`` gets the number drawn so far."""
    images = np.lib.format.open_memmap(folder / "images.npy", "r+")
    scenes = []
    for done, index in enumerate(indices):
        scene = book.sample(index)
        images[index] = scene.pictures
        metric = [labels.astype(float).tolist() for labels in scene.metric]
        scenes.append({"index": index, "state": scene.state, "caption": scene.caption, "metric": metric})
        report(done + 1)
    images.flush()
    content = {"sentences": book.sentences, "scenes": scenes}
    (folder / f"scenes_{indices[0]}.json").write_text(json.dumps(content), encoding="utf-8")


def read(folder: Path) -> Pictures:
    """All scenes of a folder. Raises ModelError if some are missing."""
    parts = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("scenes_*.json"))]
    images = np.load(folder / "images.npy", mmap_mode="r")
    scenes = sorted((scene for part in parts for scene in part["scenes"]), key=lambda scene: int(scene["index"]))
    if [scene["index"] for scene in scenes] != list(range(len(images))):
        raise ModelError(f"{folder} holds {len(scenes)} of {len(images)} scenes: draw them again")
    return Pictures(
        images=images,
        captions=[scene["caption"] for scene in scenes],
        states=np.array([scene["state"] for scene in scenes], np.int64),
        sentences=parts[0]["sentences"],
        metric=[
            np.array([scene["metric"][camera] for scene in scenes], np.float32) for camera in range(images.shape[1])
        ],
    )
