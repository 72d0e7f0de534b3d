"""One client of the FCI: the answers to its requests over TCP, and the robot states that it is sent over UDP."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable

import numpy as np

from robolearn.errors import BorderError
from sim.wire.franka.frames import from_column_major
from sim.wire.franka.packets import (
    CONNECT,
    MOVE,
    ROBOT_FRAMING,
    SETTINGS,
    VERSION,
    Command,
    Control,
    Generator,
    MoveStatus,
    Request,
    Status,
)
from sim.wire.franka.robot import FrankaRobot

FOLLOWED = (Generator.JOINT_POSITION, Generator.JOINT_VELOCITY)
SendTo = Callable[[int, bytes], None]  # a datagram to a port of the client
log = logging.getLogger(__name__)


class RobotSession:
    """Answers one connection on port 1337."""

    def __init__(self, robot: FrankaRobot, model: str, send: SendTo) -> None:
        self._robot, self._model, self._send = robot, model.encode(), send
        self._buffer = bytearray()
        self._udp_port: int | None = None
        self._moving: int | None = None  # number of the Move request that is not over
        self._stopping: int | None = None
        self._recovering: int | None = None

    def greet(self) -> bytes:
        """The client speaks first."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """The answers to what has arrived. Raises BorderError for nonsense."""
        self._buffer += data
        return b"".join(self._answer(request) for request in ROBOT_FRAMING.split(self._buffer))

    def due(self) -> bytes:
        """Send the newest state; return what has become of the requests that take their time."""
        robot = self._robot
        if self._udp_port is not None:
            self._send(self._udp_port, robot.state())
        said = b""
        if self._moving is not None and robot.ended is not None:
            said += _status(Command.MOVE, self._moving, robot.ended)
            self._moving = robot.ended = None
        if self._stopping is not None and robot.still:
            said += _status(Command.STOP_MOVE, self._stopping, Status.SUCCESS)
            self._stopping = None
        if self._recovering is not None and robot.recovered:
            said += _status(Command.AUTOMATIC_ERROR_RECOVERY, self._recovering, Status.SUCCESS)
            self._recovering = None
        return said

    def _answer(self, request: Request) -> bytes:
        try:
            command = Command(request.command)
            if command is Command.CONNECT:
                return self._connect(request)
            if command is Command.MOVE:
                return self._move(request)
            if command in SETTINGS:
                return self._set(command, request)
        except (ValueError, struct.error) as error:
            raise BorderError(f"FCI request {request.command} of {len(request.payload)} bytes: {error}") from error
        if command is Command.GET_ROBOT_MODEL:
            return ROBOT_FRAMING.packet(command, request.number, bytes([Status.SUCCESS]) + self._model)
        if command is Command.STOP_MOVE:
            self._robot.stop()
            self._stopping = request.number
            return b""
        if not self._robot.recover():
            return _status(command, request.number, Status.NOT_POSSIBLE)
        self._recovering = request.number
        return b""

    def _connect(self, request: Request) -> bytes:
        version, port = CONNECT.unpack(request.payload)
        self._udp_port = port if version == VERSION else None
        answer = struct.pack("<BH", int(version != VERSION), VERSION)
        return ROBOT_FRAMING.packet(request.command, request.number, answer)

    def _move(self, request: Request) -> bytes:
        control, generator, *rest = MOVE.unpack(request.payload)
        asynchronous = rest[6]
        if Generator(generator + 1) not in FOLLOWED or Control(control) is not Control.JOINT_IMPEDANCE or asynchronous:
            log.warning("Move refused: this robot follows joint positions and speeds by joint impedance alone")
            return _status(Command.MOVE, request.number, MoveStatus.INVALID_ARGUMENT)
        status = self._robot.start(Generator(generator + 1))
        if status is MoveStatus.STARTED:
            self._moving = request.number
        return _status(Command.MOVE, request.number, status)

    def _set(self, command: Command, request: Request) -> bytes:
        """Settings; those that change what a motion means are refused while there is one."""
        values = SETTINGS[command].unpack(request.payload)
        robot, frames = self._robot, self._robot.frames
        if command is Command.SET_COLLISION_BEHAVIOR:
            robot.torque_threshold_nm, robot.force_threshold_n = np.array(values[21:28]), np.array(values[46:52])
        elif robot.moving:
            return _status(command, request.number, Status.NOT_POSSIBLE)
        elif command is Command.SET_NE_TO_EE:
            frames.nominal_t_tool = from_column_major(values)
        elif command is Command.SET_EE_TO_K:
            frames.tool_t_contact = from_column_major(values)
        elif command is Command.SET_LOAD:
            frames.load = values
        return _status(command, request.number, Status.SUCCESS)


def _status(command: Command, number: int, status: int) -> bytes:
    return ROBOT_FRAMING.packet(command, number, bytes([status]))
