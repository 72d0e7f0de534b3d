"""What became of a hurt cell: every fault, and what the body's own log says about the arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from robolearn.bars import Bar, outcome
from robolearn.nodes.bench import truth
from robolearn.nodes.bench.bodies import Body
from robolearn.nodes.bench.truth import Truth

MOST_REST_MS = 200.0


@dataclass(frozen=True)
class Suffered:
    """What became of one fault."""

    kind: str
    log: str  # of the body, that was written then
    at_s: float  # in the time of that log
    named: bool
    recovered: bool
    lost: int  # committed rows that are gone
    ends_stream: bool


class Hurt(NamedTuple):
    """What a cell has gone through."""

    suffered: list[Suffered]
    body: Body


class Left(NamedTuple):
    """Once that the arm went beyond a limit, and the last fault before it."""

    limit: str
    log: str
    at_s: float
    fault: str
    after_s: float


class Rest(NamedTuple):
    """How long the arm went on after the end of its stream of commands, and the fault that ended it."""

    fault: str
    log: str
    at_s: float
    rest_ms: float


class Motion(NamedTuple):
    """What one log says."""

    seconds: float
    outside: list[Left]
    excess: dict[str, float]


def judge(hurt: Sequence[Hurt]) -> dict[str, Any]:
    """Figures and bars, of what was seen and of the bodies' own logs."""
    every = [one for cell in hurt for one in cell.suffered]
    unnamed = [one.kind for one in every if not one.named]
    stuck = [one.kind for one in every if not one.recovered]
    logs = [{name: log for name, log in cell.body.truths().items() if len(log.time_s)} for cell in hurt]
    moved = [_motion(cell, name, log) for cell, own in zip(hurt, logs, strict=True) for name, log in own.items()]
    left = [once for one in moved for once in one.outside]
    rests = [rest for cell, own in zip(hurt, logs, strict=True) for rest in _rests(cell.suffered, own)]
    figures = {
        "faults": len(every),
        "kinds": dict(Counter(sorted(one.kind for one in every))),
        "hours": sum(one.seconds for one in moved) / 3600,
        "beyond_limits_most": {name: max(one.excess[name] for one in moved) for name in moved[0].excess},
        "tolerances": {
            "joint_rad": truth.JOINT_SLACK_RAD, "tool_m": truth.TOOL_SLACK_M, "speed_share": truth.SPEED_SLACK - 1.0
        },
        "rests_measured": len(rests),
        "rested_late": [one._asdict() for one in rests if one.rest_ms > MOST_REST_MS],
        "outside_limits": [once._asdict() for once in left],
        "unnamed": unnamed,
        "not_recovered": stuck,
    }  # fmt: skip
    return outcome(
        figures,
        (
            Bar("motions_outside_limits", len(left), 0, "<="),
            Bar("rest_ms_most", max((one.rest_ms for one in rests), default=0.0), MOST_REST_MS, "<="),
            Bar("transitions_lost", sum(one.lost for one in every), 0, "<="),
            Bar("named_share", 1.0 - len(unnamed) / len(every), 1.0, ">="),
            Bar("recovered_share", 1.0 - len(stuck) / len(every), 1.0, ">="),
        ),
    )


def _motion(hurt: Hurt, name: str, log: Truth) -> Motion:
    station, seconds = hurt.body.station, float(log.time_s[-1] - log.time_s[0])
    left = [
        Left(limit, name, at_s, *_before(hurt, name, at_s))
        for limit, times_s in truth.outside(log, station).items()
        for at_s in times_s
    ]
    return Motion(seconds, left, truth.excess(log, station))


def _before(hurt: Hurt, log: str, at_s: float) -> tuple[str, float]:
    """The last fault before this time of a log, and how long before [s]."""
    earlier = [(one.at_s, one.kind) for one in hurt.suffered if one.log == log and one.at_s <= at_s]
    if not earlier:
        return "", at_s
    last_s, kind = max(earlier)
    return kind, at_s - last_s


def _rests(suffered: list[Suffered], logs: Mapping[str, Truth]) -> list[Rest]:
    """How soon the arm was at rest after each fault that ended its stream of commands."""
    ended = [one for one in suffered if one.ends_stream and one.log in logs]
    found = [(one, truth.rest_s(logs[one.log], one.at_s)) for one in ended]
    return [Rest(one.kind, one.log, one.at_s, 1e3 * rest_s) for one, rest_s in found if rest_s is not None]
