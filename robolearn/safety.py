"""The gate between whoever commands an arm and the device: the last word on what is really sent."""

from __future__ import annotations

import math
import threading

import numpy as np

from robolearn.contracts import (
    Arm,
    ArmCommand,
    ArmSpec,
    ArmState,
    Clock,
    CommandMode,
    Executed,
    Float,
    check_age,
)
from robolearn.errors import BorderError, DeviceError, RobolearnError
from robolearn.excursions import BRAKES_S, ExcursionGuard
from robolearn.leads import LeadGuard
from robolearn.limiter import Kinematics, Step, StepLimiter
from robolearn.limits import GRIPPER_LOAD, GRIPPER_RANGE, JOINT_LEAD, WATCHDOG, Limits
from robolearn.loads import LoadGuard


class Gate:
    """An :class:`Arm` around another: lets through what the limits allow, shortens or refuses the rest.

    It takes JOINT_POSITION commands at the arm's ``control_hz``. Refused, with nothing sent: a command that is not
    finite, of the wrong shape, stale, from the future, or older than the one before it. Shortened towards the last
    executed target, with one of ``CLIP_CODES`` for each cause: a step beyond the joint range, too fast (joints or
    tool), speeding up too hard or too suddenly, too far ahead of a joint, or taking the tool out of the workspace or
    into a keep-out box, or near their sides before the tool follows. From outside a limit the arm may go back in, but
    never further out. A tool that rushes out, or was measured beyond its boxes, is led back.
    A gripper that squeezes too hard is eased; too much force or torque at the tool stops the arm, and so does a
    tool that is measured beyond its boxes. After a fault or :meth:`stop` everything is refused until :meth:`rearm`."""

    def __init__(self, arm: Arm, limits: Limits, kinematics: Kinematics, clock: Clock) -> None:
        """Raises ConfigError if a limit allows more than the device, or ``arm`` takes no joint positions."""
        self._spec = limits.narrow(arm.spec)
        self._arm, self._clock, self._kinematics = arm, clock, kinematics
        self._period_ns = round(1e9 / arm.spec.control_hz)
        self._limiter = StepLimiter(limits, kinematics, self._period_ns * 1e-9)
        self._loads, self._excursions = LoadGuard(limits), ExcursionGuard(limits)
        self._leads = LeadGuard(limits, self._period_ns * 1e-9)
        self._shape = (len(arm.spec.joint_names),)
        self._max_age_ns = round(limits.command_max_age_s * 1e9)
        self._watchdog_ns = round(limits.watchdog_s * 1e9)
        self._lock = threading.RLock()  # a watchdog may call from a thread of its own
        self._connected = False
        self._held = False
        self._fault: str | None = None
        self._told_to_stop = False
        self._sent_ns: int | None = None
        self._stamp_ns: int | None = None

    @property
    def spec(self) -> ArmSpec:
        """The device's, narrowed to the limits and to joint positions."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """Why commands are refused, all reasons, or None. A fault of the device is kept until :meth:`rearm`."""
        if self._fault is None:
            self._fault = self._arm.fault
        return self._fault

    def connect(self) -> None:
        """Open the device and start from where it is.

        Raises DeviceError; BorderError for a bad reading; ConfigError for a limit on what it does not measure."""
        self._arm.connect()
        try:
            state = self._arm.read()
            self._loads.start(self._spec.name, state)
            self._start_from(state)
            self._excursions.start(self._tool(state))
        except RobolearnError:
            self._arm.close()
            raise
        self._connected = True

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""
        self._connected = False
        self._arm.close()

    def read(self) -> ArmState:
        """The device's newest reading; checks the watchdog first, and the loads and the place that were measured."""
        with self._lock:
            self.tick()
            state = self._arm.read()
            tool = self._tool(state)
            self._limiter.watch(tool)
            reason = self._loads.watch(state) or self._excursions.watch(tool, state.stamp_ns)
            if self._excursions.inside:
                self._inside = state
            if reason is not None and self.fault is None:
                self.stop(reason)
            return state

    def tick(self) -> None:
        """Hold still where the arm is if commands have gone silent. Call it from a timer, or just read."""
        with self._lock:
            self._stop_all_of_it()
            if self._sent_ns is None or not self._connected or self.fault is not None:
                return
            silent_ns = self._clock.now_ns() - self._sent_ns
            if silent_ns < 0:
                self.stop("the clock went back")
            elif silent_ns > self._watchdog_ns:
                self.hold()

    def hold(self) -> None:
        """Hold still where the arm is until the next command; an arm without commands does so already."""
        with self._lock:
            if self._sent_ns is None or not self._connected or self.fault is not None:
                return
            state = self._arm.read()
            self._start_from(state)
            here_rad = state.joint_position_rad.copy()
            self._send(ArmCommand(self._clock.now_ns(), CommandMode.JOINT_POSITION, here_rad, None))
            self._held = True

    def command(self, command: ArmCommand, new_commander: bool = False) -> Executed:
        """Send what the limits allow of ``command``, and return it with the reason of each clip.

        The stamps of a ``new_commander`` are of a clock of its own: this one may be older than the last that passed.
        Raises BorderError for a bad command, DeviceError if not connected or faulted: nothing is sent."""
        with self._lock:
            self._check_ready()
            state = self.read()
            self._check_reading(state)
            self._check_ready()
            now_ns = self._clock.now_ns()
            requested, bounded = self._check(command, now_ns, None if new_commander else self._stamp_ns)
            if self._sent_ns is None:
                self._refer_to(state)  # while nobody commands, something else may have moved the arm
            self._leads.watch(self._measured(state), state.stamp_ns)
            return self._pass_on(command, requested, bounded, state, now_ns)

    def stop(self, reason: str) -> None:
        """Hold still now and refuse commands until :meth:`rearm`."""
        with self._lock:
            if self._fault is None:
                self._fault = reason
            elif reason not in self._fault:
                self._fault += f"; {reason}"
            self._told_to_stop = True
            self._arm.stop(reason)

    def rearm(self) -> None:
        """Clear the fault and start from where the arm is, unmoved. Raises DeviceError if it persists."""
        with self._lock:
            if not self._connected:
                raise DeviceError(f"{self._spec.name}: not connected; call connect() before rearm()")
            self._arm.rearm()
            if self._arm.fault is not None:
                raise DeviceError(f"{self._spec.name}: the fault persists: {self._arm.fault}")
            state = self._arm.read()
            self._start_from(state)
            self._excursions.start(self._tool(state))
            self._fault, self._told_to_stop = None, False

    def _pass_on(
        self, command: ArmCommand, requested: list[float], bounded: float | None, state: ArmState, now_ns: int
    ) -> Executed:
        """Send what is allowed of a command that is sound."""
        opening = None if bounded is None else self._loads.bound(bounded)
        elapsed_ns = self._period_ns if self._sent_ns is None else now_ns - self._sent_ns
        step = self._step(requested, elapsed_ns * 1e-9)
        if self._excursions.astray and not self._excursions.leads_back(self._tool(state, self._limiter.way(step))):
            step = self._led_back(step, state, elapsed_ns * 1e-9)
        sent = ArmCommand(command.stamp_ns, CommandMode.JOINT_POSITION, np.array(step.target_rad), opening)
        executed = self._send(sent)
        self._limiter.advance(step, self._finite("executed", executed.command.values), elapsed_ns * 1e-9)
        clips = [*step.clips, *executed.clips]
        clips += [GRIPPER_RANGE] if bounded != command.gripper_opening else []
        clips += [GRIPPER_LOAD] if opening != bounded else []
        clips += [WATCHDOG] if self._held else []
        self._stamp_ns, self._sent_ns, self._held = command.stamp_ns, now_ns, False
        return Executed(executed.command, tuple(dict.fromkeys(clips)))

    def _step(self, requested: list[float], elapsed_s: float) -> Step:
        """What limits and leads allow of the step to ``requested``."""
        step = self._limiter.limit(requested, elapsed_s)
        led = self._leads.bound(step.target_rad, at_once=self._excursions.leaves)
        if led == step.target_rad:
            return step
        shorter = self._limiter.limit(led, elapsed_s)
        return shorter._replace(clips=[*step.clips, JOINT_LEAD, *shorter.clips])

    def _stop_all_of_it(self) -> None:
        """Stop a device of which a part has failed: the others may go on to their last targets."""
        if self._connected and self.fault is not None and not self._told_to_stop:
            self.stop(self.fault)

    def _check_ready(self) -> None:
        self._stop_all_of_it()
        if not self._connected:
            raise DeviceError(f"{self._spec.name}: not connected; call connect() first")
        if self.fault is not None:
            raise DeviceError(f"{self._spec.name}: stopped ({self._fault}); make it safe, then call rearm()")

    def _check(self, command: ArmCommand, now_ns: int, last_ns: int | None) -> tuple[list[float], float | None]:
        """The joint target [rad] and the gripper opening moved into [0, 1]. Raises BorderError."""
        name, opening = f"{self._spec.name} command", command.gripper_opening
        if command.mode is not CommandMode.JOINT_POSITION:
            raise BorderError(f"{name}: mode {command.mode.value!r} cannot pass. Valid: 'joint_position'.")
        check_age(name, command.stamp_ns, now_ns, self._max_age_ns)
        if last_ns is not None and command.stamp_ns < last_ns:
            raise BorderError(f"{name}: stamp {command.stamp_ns} ns is before the last, {last_ns} ns")
        if opening is not None:
            if not self._spec.has_gripper:
                raise BorderError(f"{name}: the arm has no gripper; its opening must be None, got {opening}")
            if not math.isfinite(opening):
                raise BorderError(f"{name}: gripper opening is not finite: {opening}")
            opening = min(max(opening, 0.0), 1.0)
        return self._finite("command", command.values), opening

    def _finite(self, name: str, values: Float) -> list[float]:
        """``values`` as a list. Raises BorderError unless they are J finite numbers."""
        array = np.asarray(values)
        if array.shape != self._shape or array.dtype.kind not in "fiu":
            joints = len(self._spec.joint_names)
            raise BorderError(f"{self._spec.name} {name}: expected {joints} numbers [rad], got {values!r}")
        numbers: list[float] = array.tolist()
        if not all(map(math.isfinite, numbers)):
            raise BorderError(f"{self._spec.name} {name}: not finite: {values} [rad]")
        return numbers

    def _start_from(self, state: ArmState) -> None:
        """Take a measured position as the reference, at rest, with no command yet."""
        self._check_reading(state)
        self._refer_to(state)
        self._inside = state
        self._sent_ns = self._stamp_ns = None
        self._held = False

    def _refer_to(self, state: ArmState) -> None:
        """Steps lead on from a measured position, at rest."""
        self._limiter.start(self._measured(state))
        self._leads.start(self._measured(state), state.stamp_ns)

    def _measured(self, state: ArmState) -> list[float]:
        return self._finite("measured position", state.joint_position_rad)

    def _led_back(self, step: Step, state: ArmState, elapsed_s: float) -> Step:
        """Towards where the arm was last inside, if that was a moment ago; else no ``step`` at all."""
        clips = [*step.clips, self._excursions.box]
        if state.stamp_ns - self._inside.stamp_ns > BRAKES_S * 1e9:
            return self._limiter.stay(clips)
        back = self._limiter.limit(self._measured(self._inside), elapsed_s)
        return back._replace(clips=[*clips, *back.clips])

    def _tool(self, state: ArmState, way_rad: Float | float = 0.0) -> list[float]:
        """Where the tool is (3,) in the base frame [m], or would be after going ``way_rad`` (J,) from there."""
        joints = np.array(self._measured(state)) + way_rad
        tool: list[float] = self._kinematics.tool_position_base_m(joints).tolist()
        return tool

    def _check_reading(self, state: ArmState) -> None:
        check_age(f"{self._spec.name} reading", state.stamp_ns, self._clock.now_ns(), self._watchdog_ns)

    def _send(self, command: ArmCommand) -> Executed:
        try:
            return self._arm.command(command)
        except DeviceError as error:
            self._fault = self._fault or str(error)
            raise
