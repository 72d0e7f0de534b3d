"""What a run folder holds: plain JSON, JSONL and pictures, read into checked dataclasses.

Only ``run.json`` must be there. Each other file belongs to a stage, and reads as None before it ran.
Rates and probabilities are in [0, 1]; times are in the unit that the field's name ends with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from robolearn.errors import BorderError, StoreError
from robolearn.report import text
from robolearn.report.evaluation import Evaluation
from robolearn.report.fields import Fields, read_object
from robolearn.report.metrics import Metrics

T = TypeVar("T")

_SIGNS = {">=": "≥", "<=": "≤"}


@dataclass(frozen=True)
class BarRow:
    """One promise of the run as it is shown: the figure measured, the bar promised, and whether it holds."""

    name: str
    value: str
    bar: str
    ok: bool

    @staticmethod
    def of(index: int, values: Mapping[str, object]) -> BarRow:
        """Check one {name, value, bar, ok}, and "sense" (">=", "<=") if it has one. Raises BorderError."""
        fields = Fields(f"bars[{index}]", values)
        sense = fields.text_or_none("sense")
        bar = text.plain(fields.scalar("bar"))
        return BarRow(
            name=fields.text("name"),
            value=text.plain(fields.scalar("value")),
            bar=f"{_SIGNS.get(sense, sense)} {bar}" if sense else bar,
            ok=fields.flag("ok"),
        )


@dataclass(frozen=True)
class RunInfo:
    """``run.json``: what was run, where, when, and the wall time of each stage [s]."""

    task: str
    station: str
    seed: int
    version: str
    started: str
    command: str  # typed again, it repeats the run
    policy_hz: float
    stages_s: Mapping[str, float]
    demos: int | None
    demo_cycle_time_s: float | None  # mean duration of the demonstrations that succeeded
    machine: str | None

    @staticmethod
    def of(fields: Fields) -> RunInfo:
        """Check ``run.json``. Raises BorderError."""
        return RunInfo(
            task=fields.text("task"),
            station=fields.text("station"),
            seed=fields.count("seed"),
            version=fields.text("version"),
            started=fields.text("started"),
            command=fields.text("command"),
            policy_hz=fields.number("policy_hz", 1e-3, 1e4),
            stages_s=fields.timings("stages_s"),
            demos=fields.count_or_none("demos"),
            demo_cycle_time_s=fields.number_or_none("demo_cycle_time_s", 0.0),
            machine=fields.text_or_none("machine"),
        )


@dataclass(frozen=True)
class CalibrationBin:
    """Frames whose predicted probability fell into [bin_low, bin_high]."""

    bin_low: float
    bin_high: float
    mean_probability: float
    success_rate: float
    count: int


@dataclass(frozen=True)
class RewardQuality:
    """``reward.json``: the success classifier on held-out frames; a ratio without a denominator is None."""

    precision: float | None
    recall: float | None
    fpr: float | None
    abstain: float
    threshold_low: float
    threshold_high: float
    confusion: tuple[tuple[int, int], tuple[int, int]]  # ((tn, fp), (fn, tp))
    abstained: int
    calibration: tuple[CalibrationBin, ...]  # bins with at least one frame

    @staticmethod
    def of(fields: Fields) -> RewardQuality:
        """Check the file. Raises BorderError."""
        threshold_low = fields.number("threshold_low", 0.0, 1.0)
        bins = [item for item in fields.objects("calibration") if item.count("count")]
        return RewardQuality(
            precision=fields.number_or_none("precision", 0.0, 1.0),
            recall=fields.number_or_none("recall", 0.0, 1.0),
            fpr=fields.number_or_none("fpr", 0.0, 1.0),
            abstain=fields.number("abstain", 0.0, 1.0),
            threshold_low=threshold_low,
            threshold_high=fields.number("threshold_high", threshold_low, 1.0),
            confusion=_confusion(fields),
            abstained=fields.count("abstained"),
            calibration=tuple(_calibration_bin(item) for item in bins),
        )


def _confusion(fields: Fields) -> tuple[tuple[int, int], tuple[int, int]]:
    rows = fields.items("confusion")
    if len(rows) != 2 or any(not isinstance(row, list) or len(row) != 2 for row in rows):
        raise BorderError(f"{fields.source}: 'confusion' must be [[tn, fp], [fn, tp]], got {rows!r}")
    names = ("tn", "fp", "fn", "tp")
    cells = Fields(f"{fields.source}: confusion", dict(zip(names, rows[0] + rows[1], strict=True)))
    return (cells.count("tn"), cells.count("fp")), (cells.count("fn"), cells.count("tp"))


def _calibration_bin(fields: Fields) -> CalibrationBin:
    low = fields.number("bin_low", 0.0, 1.0)
    return CalibrationBin(
        bin_low=low,
        bin_high=fields.number("bin_high", low, 1.0),
        mean_probability=fields.number("mean_probability", 0.0, 1.0),
        success_rate=fields.number("success_rate", 0.0, 1.0),
        count=fields.count("count"),
    )


@dataclass(frozen=True)
class Timing:
    """One part of a control step: median, 99th percentile and budget [ms]."""

    stage: str
    p50_ms: float
    p99_ms: float
    budget_ms: float

    @staticmethod
    def of(stage: str, fields: Fields) -> Timing:
        """Check one entry of ``timing.json``. Raises BorderError."""
        p50_ms = fields.number("p50_ms", 0.0)
        return Timing(stage, p50_ms, fields.number("p99_ms", p50_ms), fields.number("budget_ms", 1e-6))


@dataclass(frozen=True)
class RunFolder:
    """Everything a run left behind; None where its file is absent."""

    path: Path
    info: RunInfo
    metrics: Metrics | None
    base: Evaluation | None
    final: Evaluation | None
    reward: RewardQuality | None
    timing: tuple[Timing, ...] | None


def load_run(run_dir: Path) -> RunFolder:
    """Read a run folder. Raises StoreError for a missing or damaged one, BorderError for unfit values."""
    if not (run_dir / "run.json").is_file():
        raise StoreError(f"{run_dir} has no run.json. Give the folder of a run, such as runs/lift_cube-0.")
    return RunFolder(
        path=run_dir,
        info=RunInfo.of(read_object(run_dir / "run.json")),
        metrics=_optional(run_dir / "metrics.jsonl", Metrics.of),
        base=_optional(run_dir / "eval_base.json", lambda path: Evaluation.of(read_object(path), run_dir)),
        final=_optional(run_dir / "eval_final.json", lambda path: Evaluation.of(read_object(path), run_dir)),
        reward=_optional(run_dir / "reward.json", lambda path: RewardQuality.of(read_object(path))),
        timing=_optional(run_dir / "timing.json", _timings),
    )


def _timings(path: Path) -> tuple[Timing, ...]:
    return tuple(Timing.of(stage, fields) for stage, fields in read_object(path).table().items())


def _optional(path: Path, read: Callable[[Path], T]) -> T | None:
    return read(path) if path.is_file() else None
