"""Faster inference of a frozen network: each batch normalisation folded into the convolution before it."""

from __future__ import annotations

import copy
import itertools

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

TOLERANCE = 1e-3  # of the largest output


def fused(network: nn.Module, example: Tensor) -> nn.Module:
    """A folded copy of ``network``, in evaluation mode; the network itself if its output on ``example`` would change.

    Neighbours among the registered parts are taken to follow each other; the check finds the networks where not."""
    folded = _fold(copy.deepcopy(network))
    with torch.inference_mode():
        before, after = network(example), folded(example)
    same = float((before - after).abs().max()) <= TOLERANCE * float(before.abs().max())
    return folded if same else network


def _fold(module: nn.Module) -> nn.Module:
    parts = list(module.named_children())
    for (name, first), (next_name, second) in itertools.pairwise(parts):
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(first, second))
            setattr(module, next_name, nn.Identity())
    for _, part in parts:
        _fold(part)
    return module
