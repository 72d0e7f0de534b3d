"""Does what the station's file says fit together? Its parts are made, and nothing is connected."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from robolearn.backends import backend_of
from robolearn.contracts import World
from robolearn.descriptions import description
from robolearn.doctor.finding import Finding, Level, green
from robolearn.errors import ConfigError
from robolearn.kinematics import Kinematics
from robolearn.station import Station, StationConfig


def fit_findings(world: World, station: StationConfig) -> Iterator[Finding]:
    """Rates and limits against the arm, and whoever drives: in a twin that is nobody's device."""
    kinematics = Kinematics(description(station.description), station.joint_names)
    yield _made("rates, limits", lambda: Station(station, world, kinematics))
    if station.backend == "drivers":
        yield _made("teleop", lambda: backend_of(station).person(world, station))


def _made(what: str, make: Callable[[], object]) -> Finding:
    try:
        make()
    except ConfigError as error:
        return Finding(what, Level.RED, "does not fit", str(error))
    return green(what, "fits")
