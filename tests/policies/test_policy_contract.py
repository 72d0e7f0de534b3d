"""The chunk policy, alone and with a residual on it, keeps the rules of a policy."""

from __future__ import annotations

import numpy as np
import torch

from robolearn.contracts import Encoded
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape
from robolearn.policies.residual import ResidualNetwork, ResidualPolicy, ResidualShape
from tests.contract.models import PolicyContract, PolicyRig

CAMERAS, FEATURES, PROPRIO, READOUT, ACTIONS = ("front", "wrist"), 16, 9, 6, 5
CHUNK = ChunkShape(
    tower="none",
    cameras=CAMERAS,
    feature_dim=FEATURES,
    proprio_dim=PROPRIO,
    readout_dim=READOUT,
    action_dim=ACTIONS,
    horizon=10,
    execute=6,
    hidden=(32, 32),
    dropout=0.1,
)
RESIDUAL = ResidualShape(
    cameras=CAMERAS,
    feature_dim=FEATURES,
    proprio_dim=PROPRIO,
    readout_dim=READOUT,
    action_dim=ACTIONS,
    hidden=(32, 32),
    scale=0.5,
)


def encoded() -> Encoded:
    """An observation with four variants of each camera's features."""
    rng = np.random.default_rng(0)
    features = {camera: rng.normal(size=(4, FEATURES)).astype(np.float32) for camera in CAMERAS}
    return Encoded(features, rng.normal(size=PROPRIO).astype(np.float32))


def chunk_policy() -> ChunkPolicy:
    """A chunk policy with random weights."""
    torch.manual_seed(0)
    network = ChunkNetwork(CHUNK)
    network.senses.readout.normal_()
    return ChunkPolicy(network)


class TestChunkPolicy(PolicyContract):
    """The base policy."""

    def make(self) -> PolicyRig:
        """Random weights, of a fixed seed."""
        return PolicyRig(chunk_policy(), encoded(), ACTIONS)


class TestResidualPolicy(PolicyContract):
    """The residual on the base policy, with weights that are no longer zero."""

    def make(self) -> PolicyRig:
        """Random weights, of a fixed seed."""
        base = chunk_policy()
        network = ResidualNetwork(RESIDUAL)
        network.senses.readout.normal_()
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        return PolicyRig(ResidualPolicy(base, network), encoded(), ACTIONS)
