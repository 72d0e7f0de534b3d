"""An arm of position servos on one bus, whatever they speak: what every driver of such arms shares."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from calibration.joints import ServoScale
from drivers.arm_commands import bounded
from drivers.servo_bus import LinkLost
from drivers.servo_readings import NOISY_S, Readings, ServoReading
from drivers.servo_units import ServoUnits
from drivers.servos import Servos
from robolearn.contracts import ArmCommand, ArmSpec, ArmState, Clock, CommandMode, Executed
from robolearn.errors import ConfigError, DeviceError
from robolearn.kinematics import Kinematics

NS = 1_000_000_000
GRIPPER = "gripper"
MAX_STATE_AGE_S = 0.2
SILENCE_S = 0.5  # no servo has answered for so long: the arm is faulted
RETRY_S = 0.2
ROUNDS = 6  # questions for one reading on a noisy line
OnClose = Literal["hold", "release"]
log = logging.getLogger(__name__)


class ArmParts(NamedTuple):
    """What makes one arm."""

    name: str
    scales: Mapping[str, ServoScale]  # joints, and 'gripper'
    speed_rad_s: float  # of every servo, without load
    on_close: OnClose


class ServoArm:
    """Implements ``Arm``. Every call talks to the servos itself: there is no thread, and nothing is polled.

    A lost link comes back by itself with the next reading; the arm then moves only after :meth:`rearm`."""

    def __init__(self, parts: ArmParts, servos: Servos, joint_names: tuple[str, ...], control_hz: float,
                 kinematics: Kinematics, clock: Clock) -> None:  # fmt: skip
        """Raises ConfigError unless there are scales of exactly these joints and a gripper."""
        if set(parts.scales) != {*joint_names, GRIPPER}:
            expected = ", ".join([*joint_names, GRIPPER])
            raise ConfigError(f"arm {parts.name}: servos must be {expected}, got {', '.join(parts.scales)}")
        self._parts, self._servos, self._kinematics, self._clock = parts, servos, kinematics, clock
        scales = [parts.scales[name] for name in (*joint_names, GRIPPER)]
        self._units = ServoUnits(scales[:-1], scales[-1])
        self._names = {scale.id: name for name, scale in parts.scales.items()}
        self._ids = [scale.id for scale in scales]
        low, high = self._units.bounds_rad()
        self._spec = ArmSpec(
            name=parts.name, joint_names=joint_names, joint_lower_rad=low, joint_upper_rad=high,
            joint_velocity_limit_rad_s=np.full(len(joint_names), parts.speed_rad_s), control_hz=control_hz,
            modes=(CommandMode.JOINT_POSITION,), has_gripper=True, has_wrench=False,
            base_frame="base", tool_frame="tool",
        )  # fmt: skip
        self._readings = Readings(self._ids)
        self._lock = threading.RLock()
        self._connected = False
        self._fault: str | None = None
        self._firmware: str | None = None
        self._silent_s: float | None = None  # since when no servo has answered
        self._retry_s = 0.0

    @property
    def spec(self) -> ArmSpec:
        """Constant."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """Why commands are refused, or None."""
        return self._fault

    @property
    def diagnostics(self) -> Mapping[str, object]:
        """What the bus and the servos have been doing."""
        servos = {self._names[servo]: one._asdict() for servo, one in self._readings.believed.items()}
        return {"firmware": self._firmware, "fault": self._fault, **self._servos.counts, "servos": servos}

    def connect(self) -> None:
        """Open the bus, check and set up every servo, and hold the arm where it is. Raises DeviceError."""
        with self._lock:
            if self._connected:
                return
            try:
                self._servos.open()
                self._firmware = self._servos.look_over()
                self._servos.set_up()
                self._servos.hold()
            except DeviceError as error:
                self._servos.close()
                raise DeviceError(f"arm {self._spec.name}: {error}") from error
            self._readings.forget()
            self._connected, self._silent_s = True, None

    def close(self) -> None:
        """Hold or let down the arm as the station's file says, and release the port."""
        with self._lock:
            if self._connected and self._servos.is_open:
                self._try_to(self._servos.let_down if self._parts.on_close == "release" else self._stay)
            self._connected = False
            self._servos.close()

    def read(self) -> ArmState:
        """Ask the servos. Raises DeviceError while they do not answer."""
        with self._lock:
            self._require_connected()
            self._refresh()
            return self._state()

    def command(self, command: ArmCommand) -> Executed:
        """Send goals; the servos go there at once. The target is returned finer than the servos' steps."""
        with self._lock:
            self._require_connected()
            if self._fault is not None:
                raise DeviceError(f"arm {self._spec.name} is stopped ({self._fault}); make it safe, then call rearm()")
            allowed = bounded(self._spec, command, self._clock.now_ns())
            try:
                self._servos.send(self._units.goals(allowed))
            except LinkLost as error:
                self._lose(str(error))
                raise
            sent = command._replace(values=allowed.target_rad, gripper_opening=allowed.gripper_opening)
            return Executed(sent, allowed.clips)

    def stop(self, reason: str) -> None:
        """Hold still where the arm is, and go on gripping; who cannot be heard goes on to the last goal."""
        with self._lock:
            self._fault = self._fault or reason
            if self._connected and self._servos.is_open:
                self._try_to(self._stay)

    def rearm(self) -> None:
        """Take commands again, from where the arm is. Raises DeviceError if a servo is not well."""
        with self._lock:
            self._require_connected()
            self._refresh()
            self._state()
            if self._fault is not None:
                self._require_well(self._servos.lasting)
                self._servos.forget()
                self._servos.set_up()
                self._servos.hold()
                self._refresh()
            self._require_well(self._servos.trouble)
            self._stay()
            self._fault = None

    def _refresh(self) -> None:
        """Ask every servo until each has been believed once, or the line has had its chances."""
        if not self._servos.is_open and not self._reopened():
            return
        wanted, asked_s, garbage = list(self._ids), time.monotonic(), self._garbage()
        try:
            for _ in range(ROUNDS):
                heard = self._servos.ask(wanted)
                noisy = time.monotonic() - self._servos.erred_s < NOISY_S
                if not heard and len(wanted) == len(self._ids):
                    break
                wanted = [one for one in wanted if one not in heard or not self._readings.hear(one, heard[one], noisy)]
                if not wanted:
                    break
        except LinkLost as error:
            self._lose(str(error))
            return
        self._watch_silence(len(wanted) < len(self._ids) or self._garbage() > garbage, asked_s)
        unwell = self._unwell(self._servos.trouble)
        if unwell and self._fault is None:
            self.stop(unwell)

    def _garbage(self) -> int:
        """How often something came that was no answer: somebody is there."""
        return self._servos.counts["corrupt"] + self._servos.counts["strays"]

    def _watch_silence(self, heard: bool, asked_s: float) -> None:
        """The arm is faulted once questions have been met by silence for too long."""
        if heard:
            self._silent_s = None
            return
        self._silent_s = asked_s if self._silent_s is None else self._silent_s
        if time.monotonic() - self._silent_s > SILENCE_S:
            self._lose("no servo answers any more: is the arm's power on?")

    def _reopened(self) -> bool:
        """Try to open a lost port, now and then. The arm stays as it is, and faulted."""
        now_s = time.monotonic()
        if now_s < self._retry_s:
            return False
        self._retry_s = now_s + RETRY_S
        try:
            self._servos.open()
        except LinkLost:
            return False
        log.info("arm %s: the link is back; the arm moves again after rearm()", self._spec.name)
        return True

    def _lose(self, reason: str) -> None:
        if self._fault is None:
            log.warning("arm %s: %s", self._spec.name, reason)
            self._fault = reason
        self._readings.forget()
        self._servos.forget()

    def _stay(self) -> None:
        """Make where the joints are their goals. One not heard now keeps its own: it is no longer where it was."""
        asked_s = time.monotonic()
        self._refresh()
        heard = {servo: one for servo, one in self._readings.believed.items() if one.stamp_s >= asked_s}
        if goals := self._units.holding(heard):
            self._servos.send(goals)

    def _try_to(self, act: Callable[[], None]) -> None:
        try:
            act()
        except DeviceError as error:
            log.warning("arm %s: %s", self._spec.name, error)

    def _require_well(self, trouble: Callable[[ServoReading], Sequence[str]]) -> None:
        unwell = self._unwell(trouble)
        if unwell:
            raise DeviceError(
                f"arm {self._spec.name}: {unwell}. Relieve or cool it, or switch its power off and on; then rearm"
            )

    def _unwell(self, trouble: Callable[[ServoReading], Sequence[str]]) -> str:
        """What ails which servos; empty if all are well."""
        told = {servo: trouble(one) for servo, one in self._readings.believed.items()}
        return "; ".join(f"servo of {self._names[one]}: {', '.join(words)}" for one, words in told.items() if words)

    def _state(self) -> ArmState:
        """From the newest readings that belong together; its stamp is that of the oldest. Raises DeviceError."""
        age_s = time.monotonic() - self._readings.stamp_s
        if age_s > MAX_STATE_AGE_S:
            raise DeviceError(f"arm {self._spec.name} does not answer: {self._fault or 'its line is too bad'}")
        felt = self._units.felt(self._readings.together)
        position, quaternion = self._kinematics.tool_quaternion_base(felt.joint_position_rad)
        return ArmState(
            self._clock.now_ns() - round(age_s * NS), felt.joint_position_rad, felt.joint_velocity_rad_s, position,
            quaternion, felt.gripper_opening, felt.gripper_load, None,
        )  # fmt: skip

    def _require_connected(self) -> None:
        if not self._connected:
            raise DeviceError(f"arm {self._spec.name} is not connected: call connect() first")
