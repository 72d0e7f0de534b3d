"""Pictures for the page: thinned out, shrunk, and carried inside it as data addresses."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from robolearn.report.evaluation import Evaluation, Strip

MOST_FRAMES = 8  # a strip
MOST_PIXELS = 256  # along the longer side
JPEG_QUALITY = 85


@dataclass(frozen=True)
class EmbeddedStrip:
    """A strip that carries its pictures; ``unreadable`` names those that are missing or damaged."""

    heading: str
    pictures: tuple[str, ...]  # data: addresses
    unreadable: tuple[str, ...]


def embed_strips(evaluation: Evaluation) -> list[EmbeddedStrip]:
    """All strips of an evaluation, with the outcome of their episodes where it is listed."""
    listed = {episode.seed: episode for episode in evaluation.per_episode}
    strips = []
    for strip in evaluation.strips:
        episode = listed.get(strip.seed)
        heading = f"{strip.label.capitalize()}: reset seed {strip.seed}"
        if episode:
            heading += f", {'success' if episode.success else 'no success'} after {episode.steps} steps"
        strips.append(_embed(strip, heading))
    return strips


def _embed(strip: Strip, heading: str) -> EmbeddedStrip:
    chosen = thin_out(strip.images, MOST_FRAMES)
    encoded = [(path, picture_address(path)) for path in chosen]
    pictures = tuple(address for _, address in encoded if address is not None)
    return EmbeddedStrip(heading, pictures, tuple(path.name for path, address in encoded if address is None))


def thin_out(images: Sequence[Path], most: int) -> list[Path]:
    """At most ``most`` of ``images``, evenly spread, first and last among them."""
    if len(images) <= most:
        return list(images)
    return [images[round(index * (len(images) - 1) / (most - 1))] for index in range(most)]


def picture_address(path: Path) -> str | None:
    """The picture at ``path`` as a JPEG data address of at most MOST_PIXELS; None if it is no picture."""
    if not path.is_file() or not (raw := path.read_bytes()):
        return None
    pixels = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    scale = MOST_PIXELS / max(pixels.shape[:2])
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode('ascii')}"
