"""What a success classifier is worth on held-out frames: figures, and a sheet of its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from robolearn import atomic
from robolearn.bars import Bar, outcome
from robolearn.bench.reward_frames import Judged
from robolearn.contracts import Image
from robolearn.errors import BenchError
from robolearn.rewards.classifier import ClassifierShape
from robolearn.rewards.quality import Quality, quality

MAX_FPR, MIN_RECALL = 0.005, 0.95
SHEET_COLUMNS, SHEET_MOST, LABEL_PX = 4, 60, 14


def report(judged: Sequence[Judged], shape: ClassifierShape) -> dict[str, Any]:
    """Figures over the settled frames and over all, counts of each kind, and the bars."""
    settled = [frame for frame in judged if frame.settled]
    found, all_found = _quality(settled, shape), _quality(judged, shape)
    figures = {
        "frames": len(settled),
        "successes": sum(frame.success for frame in settled),
        "episodes": len({frame.seed for frame in judged}),
        "precision": found.precision,
        "recall": found.recall,
        "fpr": found.fpr,
        "abstain": found.abstain,
        "confusion": found.confusion,
        "success_above": found.threshold_high,
        "failure_below": found.threshold_low,
        "left_out_at_changes": len(judged) - len(settled),
        "with_changes": {"recall": all_found.recall, "fpr": all_found.fpr, "abstain": all_found.abstain},
        "situations": _kinds(settled, shape, lambda frame: frame.situation),
        "mishaps": _kinds(settled, shape, lambda frame: frame.mishap),
    }
    bars = [Bar("fpr", _number(found.fpr), MAX_FPR, "<="), Bar("recall", _number(found.recall), MIN_RECALL, ">=")]
    return outcome(figures, bars)


def mistakes(judged: Sequence[Judged], shape: ClassifierShape) -> list[Judged]:
    """Settled frames that were judged wrongly: false successes, the surest first, then missed successes."""
    wrong = [frame for frame in judged if frame.settled and _said(frame, shape) != frame.success]
    return sorted(wrong, key=lambda frame: (frame.success, -frame.probability))


def write_sheet(path: Path, frames: Sequence[Judged]) -> None:
    """A PNG with the pictures of ``frames``, what they show, and what was made of them. Raises BenchError if empty."""
    if not frames:
        raise BenchError("not one frame was judged wrongly: there is nothing to put on the sheet")
    tiles = [_tile(frame) for frame in frames[:SHEET_MOST]]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % SHEET_COLUMNS)
    rows = [np.concatenate(tiles[first : first + SHEET_COLUMNS], 1) for first in range(0, len(tiles), SHEET_COLUMNS)]
    sheet = cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, cv2.imencode(".png", sheet)[1].tobytes())


def _tile(frame: Judged) -> Image:
    pictures = np.concatenate(frame.pictures, axis=1)
    label = np.zeros((LABEL_PX, pictures.shape[1], 3), np.uint8)
    said = f"{frame.probability:.2f} {frame.situation}"
    cv2.putText(label, said, (2, LABEL_PX - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([label, pictures])


def _quality(frames: Sequence[Judged], shape: ClassifierShape) -> Quality:
    probability = np.array([frame.probability for frame in frames], np.float32)
    success = np.array([frame.success for frame in frames], bool)
    return quality(probability, success, shape.success_above, shape.failure_below)


def _kinds(
    frames: Sequence[Judged], shape: ClassifierShape, kind: Callable[[Judged], str]
) -> dict[str, dict[str, int]]:
    """Of each kind: frames that fail and how many pass for success, frames that succeed and how many are missed."""
    counts: dict[str, dict[str, int]] = {}
    for frame in frames:
        count = counts.setdefault(kind(frame), dict.fromkeys(("failing", "false_positives", "succeeding", "missed"), 0))
        count["succeeding" if frame.success else "failing"] += 1
        if _said(frame, shape) != frame.success:
            count["missed" if frame.success else "false_positives"] += 1
    return counts


def _said(frame: Judged, shape: ClassifierShape) -> bool:
    return frame.probability >= shape.success_above


def _number(figure: float | None) -> float:
    return float("nan") if figure is None else figure
