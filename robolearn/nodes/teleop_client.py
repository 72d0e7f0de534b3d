"""A person who drives over the graph."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack

import numpy as np
from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import Joy
from std_msgs.msg import Float64
from std_srvs.srv import Trigger

from robolearn.contracts import TeleopEvent, TeleopReading, check_age
from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.listener import Listener
from robolearn.nodes.messages import to_reading
from robolearn.nodes.stamps import NS
from robolearn.nodes.teleop_server import SEED

MAX_AGE_NS = NS // 4  # of a reading; a person whose device is silent does not drive


class RosTeleop(Listener):
    """Implements ``Teleop``. An event is told once, however often the person's device has said it since."""

    def __init__(self, link: Link, clock: RosClock, action_names: tuple[str, ...]) -> None:
        super().__init__(link, clock, "the person")
        self._names = action_names
        self._newest: TeleopReading | None = None
        self._refused: BorderError | None = None
        self._events: deque[TeleopEvent] = deque()
        self._begun_ns = 0
        self._count = 0
        self._kept: float | None = None
        self._keep = link.publisher(topics.KEPT_GRIPPER)

    @property
    def action_names(self) -> tuple[str, ...]:
        """Those of the station."""
        return self._names

    def begin(self, seed: int) -> None:
        """Tell the person's node that an episode starts; what came before does not count. Raises DeviceError."""
        value = RosParameter(SEED, value=seed).get_parameter_value()
        request = SetParameters.Request(parameters=[Parameter(name=SEED, value=value)])
        (result,) = self._link.call(topics.TELEOP_BEGIN, request).results
        if not result.successful:
            raise DeviceError(result.reason)
        with self._link.arrived:
            self._forget()
            self._begun_ns = self._clock.now_ns()

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if their device is silent, BorderError for nonsense."""
        self._require_connected()
        if self._clock.lock_step:
            self._ask()
        self._link.wait(lambda: self._newest or self._refused, f"topic {topics.TELEOP.name}")
        with self._link.arrived:
            if self._refused is not None:
                raise self._refused
            newest = self._newest
            event = self._events.popleft() if self._events else TeleopEvent.NONE
        if newest is None:
            raise DeviceError(f"topic {topics.TELEOP.name}: nothing has come yet")
        self._clock.wait_for(newest.stamp_ns)
        check_age(f"topic {topics.TELEOP.name}", newest.stamp_ns, self._clock.now_ns(), MAX_AGE_NS)
        return newest._replace(action=np.array(newest.action), event=event)

    def keep_gripper(self, value: float) -> None:
        """While the person does not drive: have their device go on from here, an action value in [-1, 1]."""
        if value != self._kept:
            self._kept = value
            self._keep.publish(Float64(data=value))

    def _listen(self, stack: ExitStack) -> None:
        stack.enter_context(self._link.listening(topics.TELEOP, self._hear))
        self._link.expect_publisher(topics.TELEOP)

    def _ask(self) -> None:
        """Have one reading made, and wait until it is here."""
        count = self._count
        response = self._link.call(topics.TELEOP_READ, Trigger.Request())
        if not response.success:
            raise DeviceError(response.message)
        self._link.wait(lambda: self._count > count or None, f"topic {topics.TELEOP.name}")

    def _forget(self) -> None:
        self._newest = self._refused = None
        self._events.clear()

    def _hear(self, message: Joy) -> None:
        self._count += 1
        stamp_ns = self._link.stamps.internal(message.header.stamp)
        if stamp_ns < self._begun_ns:
            return
        try:
            self._newest, self._refused = to_reading(message, self._names, stamp_ns), None
        except BorderError as error:
            self._refused = error
            return
        if self._newest.event is not TeleopEvent.NONE:
            self._events.append(self._newest.event)
