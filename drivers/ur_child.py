"""The process in which ur-rtde lives: its calls may block for seconds and it can die of a segmentation fault."""

from __future__ import annotations

import time
from typing import Any

import dashboard_client
import rtde_control
import rtde_receive

from drivers.child import run_child
from drivers.ur_words import KEEP_S, NORMAL_BITS, PROTECTIVE_BIT, Reading, Settings

RTDE_HZ = 125.0
STOP_M_S2 = 10.0
UNLOCK_S = 2.0
VARIABLES = [
    "timestamp", "actual_q", "actual_qd", "actual_TCP_pose", "actual_TCP_force", "safety_status_bits", "robot_mode",
    "runtime_state",
]  # fmt: skip


class UrDevice:
    """Implements ``drivers.child.Device``: one connection to a controller."""

    poll_s = 0.002  # the controller's cycle

    def __init__(self, settings: Settings) -> None:
        """Raises RuntimeError if the controller cannot be reached."""
        self._settings = settings
        self._receive = rtde_receive.RTDEReceiveInterface(settings.host, RTDE_HZ, VARIABLES)
        self._control: Any = None
        self._timestamp_s = -1.0
        self._target_rad: list[float] = []
        self._sent_s = 0.0

    def target(self, numbers: list[float]) -> None:
        """Joint angles (6,) [rad]."""
        settings = self._settings
        self._control.servoJ(
            numbers, 0.0, 0.0, settings.servo_period_s, settings.servo_lookahead_s, settings.servo_gain
        )
        self._target_rad, self._sent_s = numbers, time.monotonic()

    def halt(self) -> None:
        """Brake to rest, and hold there."""
        self._control.servoStop(STOP_M_S2)
        self._target_rad = self._receive.getActualQ()

    def reading(self) -> bytes | None:
        """What the controller has said since the last time; every part of it from one data packet."""
        receive = self._receive
        timestamp_s = receive.getTimestamp()
        if timestamp_s == self._timestamp_s:
            return None
        reading = Reading(
            time.monotonic_ns(), receive.getActualQ(), receive.getActualQd(), receive.getActualTCPPose(),
            receive.getActualTCPForce(), receive.getSafetyStatusBits(), receive.getRobotMode(),
            receive.getRuntimeState(),
        )  # fmt: skip
        if receive.getTimestamp() != timestamp_s:
            return None
        self._timestamp_s = timestamp_s
        return reading.pack()

    def keep_alive(self) -> None:
        """Repeat the last target while there is no new one: the controller's watchdog wants to hear of somebody."""
        if time.monotonic() - self._sent_s > KEEP_S:
            self.target(self._target_rad)

    def let_go(self) -> None:
        """End the control program."""
        if self._control is not None:
            self._control.stopScript()

    def arm(self) -> None:
        """Release a protective stop, start the control program, and tell the controller of its tool.

        Raises RuntimeError with what the controller or the library says against it."""
        settings = self._settings
        if self._receive.getSafetyStatusBits() & PROTECTIVE_BIT:
            self._unlock()
        control = rtde_control.RTDEControlInterface(settings.host, RTDE_HZ)
        told = [
            control.setTcp(list(settings.tcp_offset)),
            control.setPayload(settings.payload_kg, list(settings.payload_centre_m)),
            not settings.zero_wrench or control.zeroFtSensor(),
            control.setWatchdog(settings.watchdog_hz),
        ]
        if not all(told):
            raise RuntimeError("the control program did not take TCP, payload and watchdog")
        self._control, self._target_rad = control, self._receive.getActualQ()

    def _unlock(self) -> None:
        dashboard = dashboard_client.DashboardClient(self._settings.host)
        dashboard.connect()
        dashboard.closeSafetyPopup()
        dashboard.unlockProtectiveStop()
        dashboard.disconnect()
        end_s = time.monotonic() + UNLOCK_S
        while not self._receive.getSafetyStatusBits() & NORMAL_BITS:
            if time.monotonic() > end_s:
                raise RuntimeError("the protective stop was not released; look at the pendant")
            time.sleep(self.poll_s)


if __name__ == "__main__":
    run_child(lambda settings: UrDevice(Settings.from_json(settings)))
