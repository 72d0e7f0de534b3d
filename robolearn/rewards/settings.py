"""Hyperparameters of the success classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from robolearn.config import Key


@dataclass(frozen=True)
class RewardSettings:
    """Fitting and calibration of the head."""

    success_frames: Annotated[int, Key("frames at the end of a successful demo that show success", low=1)]
    unsure_frames: Annotated[int, Key("frames before those that are left out", low=0)]
    held_out_share: Annotated[float, Key("share of the demos for calibration", low=0.05, high=0.5)]
    hidden: Annotated[int, Key("width of the head", low=1)]
    steps: Annotated[int, Key("gradient steps", low=1)]
    batch: Annotated[int, Key("frames in a batch", low=2)]
    learning_rate: Annotated[float, Key("Adam learning rate", low=0.0)]
    weight_decay: Annotated[float, Key("decoupled weight decay", low=0.0)]
    dropout: Annotated[float, Key("dropout", low=0.0, high=0.9)]
    members: Annotated[int, Key("heads in the ensemble", low=1)]
    max_fpr: Annotated[float, Key("false-positive rate that the threshold is set for", low=0.0, high=1.0)]
