"""Hyperparameters of learning: one file of ``configs/learning``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from robolearn.config import Key


@dataclass(frozen=True)
class CloningSettings:
    """Behaviour cloning of the base policy."""

    horizon: Annotated[int, Key("actions in a chunk", low=1)]
    execute: Annotated[int, Key("actions carried out before the next chunk", low=1)]
    hidden: tuple[int, ...]
    dropout: Annotated[float, Key("dropout", low=0.0, high=0.9)]
    input_noise: Annotated[float, Key("standard deviation of noise on normalised inputs, in training", low=0.0)]
    steps: Annotated[int, Key("gradient steps", low=1)]
    batch: Annotated[int, Key("observations in a batch", low=1)]
    learning_rate: Annotated[float, Key("Adam learning rate", low=0.0)]
    weight_decay: Annotated[float, Key("decoupled weight decay", low=0.0)]
    mean_decay: Annotated[float, Key("decay of the running mean of the weights, each step", low=0.0, high=1.0)]


@dataclass(frozen=True)
class ImitationSettings:
    """Cloning the base policy anew during practice, from demonstrations, interventions and its own successes."""

    growth: Annotated[float, Key("growth of the number of successes that calls for it; 0: never", low=0.0)]
    steps: Annotated[int, Key("gradient steps each time", low=1)]


@dataclass(frozen=True)
class ResidualSettings:
    """Residual off-policy learning: ResFiT's form with RLPD's critics."""

    hidden: tuple[int, ...]
    critics: Annotated[int, Key("critics in the ensemble", low=2)]
    critic_subset: Annotated[int, Key("critics whose minimum is the target", low=1)]
    scale: Annotated[float, Key("bound of the residual, share of full scale", low=0.0, high=2.0)]
    discount: Annotated[float, Key("discount of one step", low=0.0, high=1.0)]
    n_step: Annotated[int, Key("steps of a return", low=1)]
    batch: Annotated[int, Key("transitions in a batch", low=2)]
    prior_share: Annotated[float, Key("share of demos and interventions in a batch", low=0.0, high=1.0)]
    critic_learning_rate: Annotated[float, Key("Adam learning rate", low=0.0)]
    actor_learning_rate: Annotated[float, Key("Adam learning rate", low=0.0)]
    target_rate: Annotated[float, Key("Polyak rate of the target critics", low=0.0, high=1.0)]
    target_noise: Annotated[float, Key("smoothing noise of the target action", low=0.0)]
    actor_every: Annotated[int, Key("critic updates for one of the actor", low=1)]
    value_weight: Annotated[float, Key("weight of the critics' value in the actor's loss", low=0.0)]
    residual_weight: Annotated[float, Key("weight of keeping the residual small, squared share of its bound", low=0.0)]
    clone_weight: Annotated[
        float, Key("weight of staying near demos and interventions that the critic prefers", low=0.0)
    ]
    critic_warmup: Annotated[int, Key("critic updates before the first of the actor", low=0)]
