"""The twin of a station on the graph, in place of its arm_node and camera_nodes.

In lock-step it stands still until ``clock/advance_to`` asks for more; otherwise it runs by itself. After each control
period it publishes what the devices deliver, and then the time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from rosgraph_msgs.msg import Clock

from robolearn.backends import backend_of, load_station, load_task
from robolearn.contracts import Teleop, World
from robolearn.descriptions import description
from robolearn.errors import ConfigError, DeviceError, RobolearnError, unknown
from robolearn.kinematics import Kinematics
from robolearn.nodes import topics
from robolearn.nodes.arm_server import ArmServer
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.base import run
from robolearn.nodes.camera_server import CameraServer, intrinsics_of
from robolearn.nodes.device import DeviceNode
from robolearn.nodes.scene_server import SceneServer
from robolearn.nodes.stamps import NS, Stamps, to_ns, to_time
from robolearn.nodes.table import PACE
from robolearn.nodes.teleop_server import TeleopServer
from robolearn.true_zeros import with_true_zeros

TWIN = "twin"  # whatever the station is made of, this node never opens its devices
PEOPLE = ("none", "demonstrator", "onlooker")


class TwinNode(DeviceNode):
    """Steps the twin and serves its devices."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("twin_node")
        self.stamps = Stamps(simulated=True)
        self._station = replace(load_station(self.text("station")), backend=TWIN)
        self._lock_step = self.flag("lock_step")
        self._period_ns = round(NS / self._station.control_hz)
        self._paced: list[tuple[Timer, float]] = []  # with their periods in twin seconds
        self._world: World = backend_of(self._station).world(self._station, load_task(self.text("task")))
        (self._arm,) = self._world.arms.values()
        self._teleop = self._person()
        self._time = self.publisher(topics.CLOCK)
        self._arm_server = self._serve_arm()
        self._camera_servers = [
            CameraServer(self, camera, intrinsics_of(camera, self._station), self._lock_step)
            for camera in self._world.cameras.values()
        ]
        self._teleop_server = None if self._teleop is None else self._teleop_to_serve(self._teleop)
        self._scene_server = SceneServer(self, self._world, self._brought_to)
        self._run()

    def now_ns(self) -> int:
        """The twin's own time."""
        return self._world.clock.now_ns()

    def open_device(self) -> None:
        """Nothing real is there to be opened, but pictures must be drawn. Raises DeviceError."""
        self._arm.connect()
        for camera in self._world.cameras.values():
            camera.connect()
        if self._teleop is not None:
            self._teleop.connect()

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Tell everybody what there is, and what time it is."""
        self._publish(again=True)
        return super().on_activate(state)

    def close_device(self) -> None:
        """Let go of the devices."""
        self._arm.close()
        for camera in self._world.cameras.values():
            camera.close()

    def close(self) -> None:
        """Free the OpenGL contexts."""
        self.close_device()
        self._world.close()

    def state(self) -> Mapping[str, object]:
        """Also the time of the twin."""
        return {**super().state(), "twin_time_s": self.now_ns() / NS}

    def _serve_arm(self) -> ArmServer:
        station = self._station
        kinematics = Kinematics(description(station.description), station.joint_names)
        true_arm = with_true_zeros(self._arm, station.name, station.calibration, kinematics)
        return ArmServer(self, true_arm, TimeKind.LOCK_STEP if self._lock_step else TimeKind.SIMULATED)

    def _person(self) -> Teleop | None:
        name, backend = self.text("person"), backend_of(self._station)
        if name not in PEOPLE:
            raise ConfigError(f"{self.entry.name}: {unknown('person', name, PEOPLE)}")
        if name == "onlooker":
            return backend.onlooker(self._world, self._station, self.number("stall_s"), self.number("patience_s"))
        return backend.person(self._world, self._station) if name == "demonstrator" else None

    def _teleop_to_serve(self, teleop: Teleop) -> TeleopServer:
        hz = self._station.policy_hz
        server = TeleopServer(self, teleop, hz)
        if self._lock_step:
            server.on_request()
        else:
            self._at_pace(1.0 / hz, self._publish_person)
        return server

    def _run(self) -> None:
        if self._lock_step:
            self.listen(topics.ADVANCE_TO, self._advance_to)
        else:
            self._at_pace(self._period_ns / NS, self._step)
            self.add_post_set_parameters_callback(self._change_pace)

    def _at_pace(self, period_s: float, call: Callable[[], None]) -> None:
        """Call at a fixed rate of the twin's time."""
        self._paced.append((self.every(period_s / self.number(PACE.name), call), period_s))

    def _change_pace(self, _: object) -> None:
        for timer, period_s in self._paced:
            timer.timer_period_ns = round(NS * period_s / self.number(PACE.name))

    def _advance_to(self, wanted: Clock) -> None:
        """Run whole control periods until the wanted time has come; if it has, tell who came late what there is."""
        until_ns = to_ns(wanted.clock)
        if self.active and self.now_ns() >= until_ns:
            self._publish(again=True)
        while self.active and self.now_ns() < until_ns:
            self._step()

    def _step(self) -> None:
        if self.active:
            self._world.clock.sleep_until(self.now_ns() + self._period_ns)
            self._publish()

    def _publish(self, again: bool = False) -> None:
        now_ns = self.now_ns()
        try:
            for server in self._camera_servers:
                server.publish(now_ns, again)
            self._arm_server.publish(now_ns)
        except RobolearnError as error:
            self.health.error(str(error))
        self._time.publish(Clock(clock=to_time(now_ns)))

    def _publish_person(self) -> None:
        if self.active and self._teleop_server is not None:
            self._teleop_server.publish(self.now_ns())

    def _brought_to(self, seed: int) -> Mapping[str, Any]:
        """A new start state, one control period later, so that no stamp before it can be taken for one after it.

        Raises DeviceError while the node is not active."""
        if not self.active:
            raise DeviceError(f"{self.health.name} is {self.state_label}: activate it first")
        self._world.clock.sleep_until(self.now_ns() + self._period_ns)
        draws = self._world.reset(seed)
        self._publish()
        return {topics.DRAWS: draws}


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(TwinNode)


if __name__ == "__main__":
    sys.exit(main())
