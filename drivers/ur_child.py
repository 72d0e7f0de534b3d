"""The process in which ur-rtde lives: its calls may block for seconds and it can die of a segmentation fault.

It reads from the start, and drives only once it has been asked to arm. It is never repaired: when anything goes
wrong it says so and ends, or its parent ends it, and a new one is started."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import time
from typing import Any

import dashboard_client
import rtde_control
import rtde_receive

from drivers.ur_words import (
    ARM,
    ARMED,
    FAILED,
    HALT,
    NORMAL_BITS,
    PROTECTIVE_BIT,
    SIX,
    TARGET,
    Reading,
    Settings,
)

RTDE_HZ = 125.0
POLL_S = 0.002  # the controller's cycle
KEEP_S = 0.02
STOP_M_S2 = 10.0
UNLOCK_S = 2.0
VARIABLES = [
    "timestamp", "actual_q", "actual_qd", "actual_TCP_pose", "actual_TCP_force", "safety_status_bits", "robot_mode",
    "runtime_state",
]  # fmt: skip


class Child:
    """One connection to a controller."""

    def __init__(self, link: socket.socket, settings: Settings) -> None:
        """Raises RuntimeError if the controller cannot be reached."""
        self._link, self._settings = link, settings
        self._receive = rtde_receive.RTDEReceiveInterface(settings.host, RTDE_HZ, VARIABLES)
        self._control: Any = None
        self._timestamp_s = -1.0
        self._target_rad: list[float] = []
        self._sent_s = 0.0

    def run(self) -> None:
        """Until the parent hangs up."""
        while True:
            if select.select([self._link], [], [], POLL_S)[0] and not self._obey(self._link.recv(64)):
                break
            self._report()
            self._keep_alive()
        if self._control is not None:
            self._halt()
            self._control.stopScript()

    def _obey(self, words: bytes) -> bool:
        """False if the parent has hung up."""
        kind = words[:1]
        if kind == ARM:
            self._arm()
        elif kind == TARGET and self._control is not None:
            self._servo(list(SIX.unpack(words[1:])))
        elif kind == HALT and self._control is not None:
            self._halt()
        return bool(words)

    def _servo(self, target_rad: list[float]) -> None:
        settings = self._settings
        self._control.servoJ(
            target_rad, 0.0, 0.0, settings.servo_period_s, settings.servo_lookahead_s, settings.servo_gain
        )
        self._target_rad, self._sent_s = target_rad, time.monotonic()

    def _halt(self) -> None:
        """Brake to rest, and hold there."""
        self._control.servoStop(STOP_M_S2)
        self._target_rad = self._receive.getActualQ()

    def _report(self) -> None:
        """Send on what the controller has said since the last time; every part of it from one data packet."""
        receive = self._receive
        timestamp_s = receive.getTimestamp()
        if timestamp_s == self._timestamp_s:
            return
        reading = Reading(
            time.monotonic_ns(), receive.getActualQ(), receive.getActualQd(), receive.getActualTCPPose(),
            receive.getActualTCPForce(), receive.getSafetyStatusBits(), receive.getRobotMode(),
            receive.getRuntimeState(),
        )  # fmt: skip
        if receive.getTimestamp() == timestamp_s:
            self._timestamp_s = timestamp_s
            self._link.send(reading.pack())

    def _keep_alive(self) -> None:
        """Repeat the last target while there is no new one: the controller's watchdog wants to hear of somebody."""
        if self._control is not None and time.monotonic() - self._sent_s > KEEP_S:
            self._servo(self._target_rad)

    def _arm(self) -> None:
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
        self._link.send(ARMED)

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
            time.sleep(POLL_S)


def main() -> None:
    """``python -m drivers.ur_child FD SETTINGS``, started by the driver."""
    link = socket.socket(fileno=int(sys.argv[1]))
    try:
        Child(link, Settings.from_json(sys.argv[2])).run()
    except RuntimeError as error:
        with contextlib.suppress(OSError):
            link.send(FAILED + str(error).encode())
    finally:
        os._exit(0)  # the library's own way out takes a second, and may crash


if __name__ == "__main__":
    main()
