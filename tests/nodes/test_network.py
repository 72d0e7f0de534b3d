"""Nodes meet on this machine alone unless told otherwise, and what the environment says stays."""

from __future__ import annotations

import re
from pathlib import Path

from robolearn.nodes import network

WHITE_LIST = r"\s*<interfaceWhiteList>.*?</interfaceWhiteList>"


def test_discovery_stays_on_the_machine_by_default() -> None:
    added = network.defaults({})
    assert added[network.RANGE] == "LOCALHOST"
    assert "127.0.0.1" in Path(added[network.PROFILE]).read_text(encoding="utf-8")


def test_a_wider_range_lets_the_network_in() -> None:
    added = network.defaults({network.RANGE: "SUBNET"})
    assert network.RANGE not in added
    assert "127.0.0.1" not in Path(added[network.PROFILE]).read_text(encoding="utf-8")


def test_what_the_environment_says_stays() -> None:
    assert network.defaults({network.RANGE: "OFF", network.PROFILE: "mine.xml"}) == {}


def test_the_profiles_differ_by_the_interfaces_alone() -> None:
    near, far = (Path(network.defaults(given)[network.PROFILE]) for given in ({}, {network.RANGE: "SUBNET"}))
    body, other = (path.read_text(encoding="utf-8").split("-->")[1] for path in (near, far))
    assert re.sub(WHITE_LIST, "", body, flags=re.DOTALL) == other != body
