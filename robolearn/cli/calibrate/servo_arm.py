"""Which arm of servos a station has."""

from __future__ import annotations

import argparse

from drivers.backend import DevicesConfig
from drivers.leader import LeaderConfig
from robolearn.backends import load_station
from robolearn.config import Section
from robolearn.errors import ConfigError


def add_arm(parser: argparse.ArgumentParser) -> None:
    """Which station, and which of its arms."""
    parser.add_argument("--station", required=True, help="name or file of the station")
    parser.add_argument("--leader", action="store_true", help="the station's leader arm, not its follower")


def arm_of(station: str, leader: bool) -> tuple[str, Section]:
    """The driver of the arm, and how the station's file describes it. Raises ConfigError if there is none."""
    settings = load_station(station)
    if settings.devices is None:
        raise ConfigError(f"station {settings.name} has no 'devices': give one that has an arm of servos")
    devices = settings.devices.read(DevicesConfig)
    if not leader:
        return devices.arm.split("driver")
    kind, teleop = devices.teleop.split("driver")
    if kind != "leader":
        raise ConfigError(f"station {settings.name}: its teleop is {kind!r}, not a leader arm: leave --leader out")
    return teleop.read(LeaderConfig).bus.split("driver")
