"""Parameters of a node, declared as its table states them, and every other one refused."""

from __future__ import annotations

import math

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from robolearn.errors import ConfigError, unknown
from robolearn.nodes.table import NodeEntry, Parameter, Value

BUILT_IN = ("use_sim_time", "start_type_description_service", "qos_overrides")
TYPE_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def declare(node: Node, entry: NodeEntry) -> None:
    """Declare every parameter of ``entry`` with the value that ``node`` was started with, or its default.

    ``node`` has declared what it was started with by itself. Raises ConfigError for a parameter that is unknown,
    missing, of another type or out of range."""
    given = node.get_parameters_by_prefix("")
    known = {parameter.name: parameter for parameter in entry.parameters}
    for name in given:
        if name.split(".")[0] not in (*known, *BUILT_IN):
            raise ConfigError(f"{entry.name}: {unknown('parameter', name, known)}")
    for name, parameter in known.items():
        value = _value(entry, parameter, given[name].value if name in given else parameter.default)
        if name in given:
            node.undeclare_parameter(name)
        node.declare_parameter(name, value, _descriptor(parameter, value), ignore_override=True)


def _value(entry: NodeEntry, parameter: Parameter, value: object) -> Value:
    where = f"{entry.name}: parameter {parameter.name!r} ({parameter.meaning})"
    if value is None:
        raise ConfigError(f"{where} is missing. Start the node with: --ros-args -p {parameter.name}:=...")
    if parameter.type is float and type(value) is int:
        value = float(value)
    if not isinstance(value, parameter.type) or (parameter.type is int and isinstance(value, bool)):
        raise ConfigError(f"{where} must be {TYPE_NAMES[parameter.type]}, got {value!r}")
    if not isinstance(value, str) and not parameter.low <= value <= parameter.high:
        raise ConfigError(f"{where}: {value} is outside [{parameter.low}, {parameter.high}]")
    return value


def _descriptor(parameter: Parameter, value: Value) -> ParameterDescriptor:
    kind = RosParameter.Type.from_parameter_value(value).value
    descriptor = ParameterDescriptor(description=parameter.meaning, read_only=parameter.read_only, type=kind)
    if parameter.type is float and math.isfinite(parameter.low) and math.isfinite(parameter.high):
        descriptor.floating_point_range = [FloatingPointRange(from_value=parameter.low, to_value=parameter.high)]
    if parameter.type is int and math.isfinite(parameter.low):
        high = int(parameter.high) if math.isfinite(parameter.high) else 2**63 - 1
        descriptor.integer_range = [IntegerRange(from_value=int(parameter.low), to_value=high, step=1)]
    return descriptor
