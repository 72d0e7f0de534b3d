"""May this user open the station's device files, and are the udev rules installed?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from robolearn.doctor.finding import Finding, Level, green
from robolearn.station import StationConfig

INSTALLED = Path("/etc/udev/rules.d")
RELOAD = "sudo udevadm control --reload && sudo udevadm trigger"


def permission_findings(station: StationConfig, installed: Path = INSTALLED) -> Iterator[Finding]:
    """One line for each device file that the station names, and one for the rules if it names any."""
    paths = sorted(set(_device_files(station.devices.node))) if station.devices is not None else []
    for path in paths:
        yield _file(Path(path))
    if paths:
        yield _rules(installed)


def _file(path: Path) -> Finding:
    what = f"file {path}"
    if not path.exists():
        others = ", ".join(sorted(str(entry) for entry in path.parent.glob("*"))[:8]) if path.parent.is_dir() else ""
        there = f"; there are: {others}" if others else ""
        return Finding(what, Level.RED, "not there", f"plug the device in, or correct the station's file{there}")
    if os.access(path, os.R_OK | os.W_OK):
        return green(what, "readable and writable")
    owner = path.group()
    do = f"install the shipped udev rules, or: sudo usermod --append --groups {owner} $USER, and log in again"
    return Finding(what, Level.RED, f"belongs to group {owner}, which this user is not in", do)


def _rules(installed: Path) -> Finding:
    shipped = sorted(_shipped().glob("*.rules"))
    lacking = [rule for rule in shipped if not _same(rule, installed / rule.name)]
    if not lacking:
        return green("udev rules", f"{len(shipped)} installed")
    files = " ".join(str(rule) for rule in lacking)
    do = f"sudo cp {files} {installed}/ && {RELOAD}"
    return Finding("udev rules", Level.YELLOW, f"{len(lacking)} not installed, or outdated", do)


def _shipped() -> Path:
    spec = find_spec("drivers")
    return Path(spec.origin).parent / "udev" if spec is not None and spec.origin is not None else Path("drivers/udev")


def _same(rule: Path, other: Path) -> bool:
    return other.is_file() and other.read_bytes() == rule.read_bytes()


def _device_files(node: Node) -> Iterator[str]:
    """Every text in a part of a YAML file that names a device file."""
    if isinstance(node, ScalarNode):
        if str(node.value).startswith("/dev/"):
            yield str(node.value)
    elif isinstance(node, SequenceNode):
        for entry in node.value:
            yield from _device_files(entry)
    elif isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _device_files(value)
