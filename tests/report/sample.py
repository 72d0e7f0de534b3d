"""Writes a run folder of the kind that a demo leaves, with made-up measurements drawn from a fixed seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

BARS: list[dict[str, object]] = [
    {"name": "final_success", "value": 0.97, "bar": 0.95, "sense": ">=", "ok": True},
    {"name": "base_success_min", "value": 0.41, "bar": 0.15, "sense": ">=", "ok": True},
    {"name": "robot_minutes", "value": 18.25, "bar": 30.0, "sense": "<=", "ok": True},
    {"name": "wall_s", "value": 1043.5, "bar": 900.0, "sense": "<=", "ok": False},
]

RUN = {
    "task": "cube_in_bin",
    "station": "so101_twin",
    "seed": 7,
    "version": "0.1.0",
    "started": "2026-11-03T10:15:00+00:00",
    "command": "robolearn demo --task cube_in_bin --seed 7 --json",
    "policy_hz": 10.0,
    "stages_s": {
        "record": 41.2,
        "train base": 96.0,
        "train reward": 38.4,
        "eval base": 52.1,
        "practice": 763.0,
        "eval": 52.8,
    },
    "demos": 20,
    "demo_cycle_time_s": 9.6,
    "machine": "2 cores, no GPU",
}

REWARD = {
    "precision": 0.9962,
    "recall": 0.9713,
    "fpr": 0.0031,
    "abstain": 0.0148,
    "threshold_low": 0.38,
    "threshold_high": 0.81,
    "confusion": [[2571, 8], [62, 2101]],
    "abstained": 71,
    "calibration": [
        {"bin_low": i / 10, "bin_high": (i + 1) / 10, "mean_probability": p, "success_rate": r, "count": n}
        for i, (p, r, n) in enumerate(
            [
                (0.01, 0.004, 2420),
                (0.14, 0.11, 96),
                (0.25, 0.21, 41),
                (0.34, 0.39, 28),
                (0.46, 0.42, 24),
                (0.55, 0.61, 23),
                (0.65, 0.69, 29),
                (0.76, 0.74, 47),
                (0.86, 0.91, 130),
                (0.98, 0.997, 1975),
            ]
        )
    ],
}

TIMING = {
    "observe": {"p50_ms": 0.92, "p99_ms": 1.61, "budget_ms": 10.0},
    "encode": {"p50_ms": 6.4, "p99_ms": 9.7, "budget_ms": 30.0},
    "policy": {"p50_ms": 1.12, "p99_ms": 1.9, "budget_ms": 10.0},
    "gate+ik": {"p50_ms": 0.41, "p99_ms": 0.77, "budget_ms": 5.0},
    "physics": {"p50_ms": 7.9, "p99_ms": 11.8, "budget_ms": 40.0},
    "store": {"p50_ms": 0.63, "p99_ms": 6.2, "budget_ms": 5.0},
}

EVAL_BASE = {"episodes": 100, "successes": 41, "ci95": [0.3187, 0.508], "cycle_time_s": 8.9}
EVAL_FINAL = {"episodes": 100, "successes": 97, "ci95": [0.9155, 0.9897], "cycle_time_s": 6.4}


def episode(index: int = 0, robot_steps: int = 100, **changes: Any) -> dict[str, Any]:
    """One practice episode as the actor logs it."""
    plain = {
        "kind": "episode",
        "index": index,
        "steps": 100,
        "robot_steps": robot_steps,
        "success": True,
        "ending": "success",
        "intervention_steps": 0,
        "clips": 1,
        "return": 1.0,
    }
    return {**plain, **changes}


def practice(count: int = 140) -> Iterator[dict[str, Any]]:
    """Practice episodes that get better, 10,950 steps in all, and the learner's lines between them."""
    random = np.random.default_rng(3)
    ends = np.linspace(0, 10950, count + 1).round().astype(int)
    for index in range(count):
        success = bool(random.random() < 0.4 + 0.58 * min(1.0, index / 90))
        helped = int(random.integers(5, 25)) if index % 23 == 4 else 0
        steps = int(ends[index + 1] - ends[index])
        ending = "success" if success else ("timeout", "failure", "timeout", "stopped")[index % 4]
        yield episode(
            index,
            int(ends[index + 1]),
            steps=steps,
            success=success,
            ending=ending,
            intervention_steps=helped,
        )
        step = 50 * (index + 1)
        yield {
            "kind": "update",
            "step": step,
            "critic_loss": float(0.08 * np.exp(-index / 40) + 0.004 + 0.003 * random.random()),
            "q_mean": float(0.85 * (1 - np.exp(-index / 35)) + 0.02 * random.standard_normal()),
            "actor_loss": None if index < 8 else float(-0.8 * (1 - np.exp(-index / 35)) + 0.02 * random.random()),
            "updates_per_s": float(62 + 4 * random.standard_normal()),
        }


def per_episode(evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    """Held-out episodes that sum up to ``evaluation``; the first verdict is missing, the second wrong."""
    return [
        {
            "seed": 1000 + i,
            "success": i < evaluation["successes"],
            "steps": 60 + i % 17 if i < evaluation["successes"] else 200,
            "judged_success": None if i == 0 else (i < evaluation["successes"]) != (i == 1),
        }
        for i in range(evaluation["episodes"])
    ]


def write_picture(path: Path, phase: float) -> None:
    """A cube on a table, moved by ``phase`` in [0, 1], as PNG."""
    pixels = np.full((128, 128, 3), (214, 206, 196), np.uint8)
    cv2.rectangle(pixels, (0, 78), (128, 128), (120, 150, 178), -1)
    cv2.rectangle(pixels, (88, 70), (120, 96), (90, 90, 96), 3)
    x, y = int(20 + 74 * phase), int(84 - 44 * np.sin(np.pi * phase))
    cv2.rectangle(pixels, (x, y), (x + 16, y + 16), (40, 60, 200), -1)
    cv2.line(pixels, (64, 0), (x + 8, y - 4), (60, 60, 60), 6)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as JSON."""
    path.write_text(json.dumps(value), encoding="utf-8")


def write_run(folder: Path) -> Path:
    """A complete run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    strips = []
    for label, seed in (("best", 1005), ("worst", 1098)):
        names = [f"frames/{label}_{i:02d}.png" for i in range(12)]
        for i, name in enumerate(names):
            write_picture(folder / name, i / 11 * (1.0 if label == "best" else 0.4))
        strips.append({"seed": seed, "label": label, "images": names})
    write_json(folder / "run.json", RUN)
    base = {**EVAL_BASE, "per_episode": per_episode(EVAL_BASE), "decided_by": "ground truth of the twin"}
    final = {**EVAL_FINAL, "per_episode": per_episode(EVAL_FINAL), "decided_by": "ground truth of the twin"}
    write_json(folder / "eval_base.json", base)
    write_json(folder / "eval_final.json", {**final, "frames": strips})
    write_json(folder / "reward.json", REWARD)
    write_json(folder / "timing.json", TIMING)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in practice()), encoding="utf-8")
    return folder
