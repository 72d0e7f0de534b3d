"""What a success classifier is worth, and where to draw its lines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from robolearn.contracts import Float32

BINS = 10
SURE = 0.98
DOUBTED, MISSED = 0.02, 0.05  # shares of the held-out successes; of fresh ones it will be a little more
MARGIN_LOGIT = 1.0  # the success line keeps this far above the worst failing frame that may not pass


class Bin(NamedTuple):
    """Frames whose probability lies in [low, high)."""

    bin_low: float
    bin_high: float
    mean_probability: float
    success_rate: float
    count: int  # type: ignore[assignment]  # the name that readers of the file expect


class Quality(NamedTuple):
    """Figures on labelled frames. Precision, recall and false-positive rate count an abstention as "not success"."""

    precision: float | None  # None if success was never decided
    recall: float | None  # None without a successful frame
    fpr: float | None  # None without a failing frame
    abstain: float
    threshold_low: float
    threshold_high: float
    confusion: tuple[tuple[int, int], tuple[int, int]]  # ((tn, fp), (fn, tp))
    abstained: int
    calibration: tuple[Bin, ...]


def quality(probability: Float32, success: NDArray[np.bool_], above: float, below: float) -> Quality:
    """Figures of probabilities (N,) against labels (N,): success at and above ``above``, failure below ``below``."""
    said = probability >= above
    abstained = int(((probability >= below) & ~said).sum())
    tp, fp = int((said & success).sum()), int((said & ~success).sum())
    fn, tn = int((~said & success).sum()), int((~said & ~success).sum())
    return Quality(
        precision=_share(tp, tp + fp), recall=_share(tp, tp + fn), fpr=_share(fp, fp + tn),
        abstain=abstained / max(1, len(probability)), threshold_low=below, threshold_high=above,
        confusion=((tn, fp), (fn, tp)), abstained=abstained, calibration=calibration_bins(probability, success),
    )  # fmt: skip


def calibration_bins(probability: Float32, success: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Reliability over equal bins of probability; empty bins are left out."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    index = np.minimum((probability * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            float(edges[number]), float(edges[number + 1]), float(probability[index == number].mean()),
            float(success[index == number].mean()), int((index == number).sum()),
        )
        for number in range(BINS)
        if (index == number).any()
    )  # fmt: skip


def calibrate_temperature(probability: Float32, success: NDArray[np.bool_]) -> float:
    """Temperature that makes uncalibrated probabilities (N,) likeliest (Guo et al. 2017), between 1 and 20.

    Never below 1: demonstrations held out are separable, and would make the model sure of everything."""
    logit = _logit(probability)
    sign = np.where(success, 1.0, -1.0)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, -sign * logit / np.exp(log_temperature)).mean())

    found = minimize_scalar(loss, bounds=(0.0, np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def choose_thresholds(negatives: Float32, positives: Float32, max_fpr: float) -> tuple[float, float]:
    """Success line and failure line: failing frames pass the first at most at ``max_fpr``, with a margin.

    A false success ends an episode and teaches the wrong thing, so the line lies at SURE where that costs no more than
    DOUBTED of the held-out successes. The margin gives way where it would cost more than MISSED of them; ``max_fpr``
    never does, whatever it costs, and with the worst failing frame at 1 the line lies above all probabilities. Below
    the failure line lie almost no successes; between the lines the model abstains.
    """
    worst = np.float32(np.quantile(negatives, 1.0 - max_fpr, method="higher"))
    lowest = float(np.nextafter(worst, np.float32(np.inf)))  # the next number that a probability can be
    with_margin = float(_sigmoid(_logit(np.array([worst])) + MARGIN_LOGIT)[0])
    doubted, missed = (float(np.quantile(positives, share, method="lower")) for share in (DOUBTED, MISSED))
    above = max(0.5, lowest, min(max(with_margin, min(SURE, doubted)), missed))
    below = min(above, 0.5, float(np.quantile(positives, 0.01)))
    return above, below


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _logit(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    bounded = np.clip(probability.astype(float), 1e-7, 1.0 - 1e-7)
    return np.asarray(np.log(bounded / (1.0 - bounded)))


def _sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))
