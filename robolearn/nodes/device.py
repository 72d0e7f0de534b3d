"""A node around a device, with the life cycle of ROS: configure opens it, activate streams, deactivate holds still."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn

from robolearn.errors import RobolearnError
from robolearn.nodes.base import TableNode

LISTEN_S = 1.2  # a node of the same name tells of itself each second
RETRY_S = 1.0


class DeviceNode(LifecycleNodeMixin, TableNode):
    """Opens its device when configured. With ``autostart`` it does so by itself, and again when the device is lost."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError for bad parameters. The device is not touched yet."""
        TableNode.__init__(self, name)
        LifecycleNodeMixin.__init__(self)
        self._wanted = self.flag("autostart")
        self.every(max(LISTEN_S, RETRY_S), self._start_unasked)

    @property
    def active(self) -> bool:
        """True while it streams and takes commands."""
        return self.state_label == "active"

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

    def lost(self, error: RobolearnError) -> None:
        """The device does not answer any more: close it, name it, and with ``autostart`` try again."""
        self.health.error(str(error))
        self.get_logger().error(str(error))
        if self.active:
            self.trigger_deactivate()
            self.trigger_cleanup()
            self._wanted = self.flag("autostart")

    def state(self) -> Mapping[str, object]:
        """The state of its life cycle."""
        return {"state": self.state_label}

    def close(self) -> None:
        """Hold, and release the device."""
        self.close_device()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the device; if it cannot be, nothing has changed."""
        try:
            self.open_device()
        except RobolearnError as error:
            self.close_device()
            self.health.error(str(error))
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Hold still."""
        self._wanted = False
        self.hold_device()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the device."""
        self.close_device()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the device for good."""
        self.close_device()
        return super().on_shutdown(state)

    def _start_unasked(self) -> None:
        if self._wanted and self.state_label == "unconfigured":
            self.trigger_configure()
        if self._wanted and self.state_label == "inactive":
            self.trigger_activate()
            self._wanted = False
