"""A node around a device, with the life cycle of ROS: configure opens it, activate streams, deactivate holds still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn

from robolearn.errors import RobolearnError
from robolearn.nodes.base import TableNode

LISTEN_S = 1.2  # a node of the same name tells of itself each second
LOST_S = 0.5  # of nothing but errors
ACTIVE = "active"


@runtime_checkable
class TellsOfItself(Protocol):
    """A device that measures more of itself than it has to: temperatures, voltages, counts of bad answers."""

    @property
    def diagnostics(self) -> Mapping[str, object]:
        """By name, with its unit, or by part and name; None is not measured."""


def told_by(device: object) -> Mapping[str, object]:
    """What a device tells of itself beyond its contract, parts joined with dots; nothing, if it does not."""
    return dict(_flat("", device.diagnostics)) if isinstance(device, TellsOfItself) else {}


def _flat(prefix: str, told: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        elif value is not None:
            yield f"{prefix}{name}", value


class DeviceNode(LifecycleNodeMixin, TableNode):
    """Opens its device when configured. With ``autostart`` it does so by itself, and again when the device is lost."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError for bad parameters. The device is not touched yet."""
        TableNode.__init__(self, name)
        LifecycleNodeMixin.__init__(self)
        change = self._service_change_state
        change.callback = partial(self._asked_to_change, change.callback)
        self._failing_s: float | None = None
        self._wanted = self.flag("autostart")
        self.every(LISTEN_S, self._start_unasked)

    @property
    def active(self) -> bool:
        """True while it streams and takes commands."""
        return self.state_label == ACTIVE

    @property
    def state_label(self) -> str:
        """Where it is in its life cycle."""
        return str(self._state_machine.current_state[1])

    def open_device(self) -> None:
        """Open the device, unmoved. Raises RobolearnError."""

    def hold_device(self) -> None:
        """Hold still; nothing is streamed any more."""

    def close_device(self) -> None:
        """Release the device; may be called twice."""

    def works(self) -> None:
        """The device has answered."""
        self._failing_s = None

    def fails(self, error: RobolearnError) -> None:
        """The device has not answered. After a while it is closed, and with ``autostart`` opened anew."""
        self.health.error(str(error))
        now_s = time.monotonic()
        self._failing_s = now_s if self._failing_s is None else self._failing_s
        if now_s - self._failing_s >= LOST_S and self.active:
            self.get_logger().error(f"lost: {error}")
            self._failing_s = None
            self.trigger_deactivate()
            self.trigger_cleanup()
            self._wanted = self.flag("autostart")

    def state(self) -> Mapping[str, object]:
        """The state of its life cycle."""
        return {"state": self.state_label}

    def close(self) -> None:
        """Hold, and release the device."""
        if self.active:
            self.hold_device()
        self.close_device()

    def destroy_node(self) -> None:
        """With the life cycle, which rclpy leaves: its participant, and 35 MB of shared memory, would stay behind."""
        cycle = getattr(self, "_state_machine", None)
        if cycle is not None:  # a node whose parameters were refused has none yet
            cycle.destroy_when_not_in_use()
        super().destroy_node()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the device; if it cannot be, nothing has changed."""
        if not self._done(self.open_device):
            self._done(self.close_device)
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Hold still."""
        self._wanted = False
        self._done(self.hold_device)
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the device."""
        self._done(self.close_device)
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Hold, and release the device for good."""
        if state.label == ACTIVE:
            self._done(self.hold_device)
        self._done(self.close_device)
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """A transition has raised what no device should raise: let go of it, and begin anew."""
        self.close_device()
        return super().on_error(state)

    def _done(self, act: Callable[[], None]) -> bool:
        """Do a part of a transition, and tell what goes wrong: rclpy keeps that to itself."""
        try:
            act()
        except RobolearnError as error:
            self._tell(str(error))
            return False
        except Exception as error:
            self._tell(f"{type(error).__name__}: {error}")
            raise
        return True

    def _tell(self, text: str) -> None:
        self.health.error(text)
        self.get_logger().error(text)

    def _asked_to_change(self, change: Callable[[Any, Any], Any], request: Any, response: Any) -> Any:
        """A transition that this state does not allow is named, besides being refused."""
        before = self.state_label
        answered = change(request, response)
        if not answered.success:
            allowed = ", ".join(
                f"{label} ({number})" for number, label, *_ in self._state_machine.available_transitions
            )
            asked = request.transition.label or request.transition.id
            self.health.error(
                f"life cycle: {asked} has failed or is not allowed while {before}; allowed now: {allowed}"
            )
        return answered

    def _start_unasked(self) -> None:
        if self._wanted and self.state_label == "unconfigured":
            self.trigger_configure()
        if self._wanted and self.state_label == "inactive":
            self.trigger_activate()
            self._wanted = False
