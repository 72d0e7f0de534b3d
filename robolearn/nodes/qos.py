"""The profiles behind the names of ``robolearn.nodes.topics.Qos``."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from robolearn.nodes.topics import Qos

COMMAND_LIFESPAN_S = 2.0  # whoever sent it has given up by then; well before, its stamp is too old to be taken
COMMAND_DEADLINE_S = 0.2  # whoever offers a slower stream is not heard, and told so; a gap is reported by the gate
RECORDER_DEPTH = 200  # messages of a topic that wait while a recorder writes


def _profile(reliability: ReliabilityPolicy, durability: DurabilityPolicy, depth: int) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, durability=durability
    )  # fmt: skip


def _command() -> QoSProfile:
    profile = _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 1)
    profile.lifespan = Duration(nanoseconds=round(COMMAND_LIFESPAN_S * 1e9))
    profile.deadline = Duration(nanoseconds=round(COMMAND_DEADLINE_S * 1e9))
    return profile


PROFILES: Mapping[Qos, QoSProfile] = {
    Qos.STREAM: _profile(ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE, 1),
    Qos.COMMAND: _command(),
    Qos.REPLY: _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 50),
    Qos.LATCHED: _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL, 1),
}


def recorded(qos: Qos) -> QoSProfile:
    """For whoever writes down every message, also of a topic of which only the newest counts."""
    offered = PROFILES[qos]
    return _profile(offered.reliability, offered.durability, RECORDER_DEPTH)
