"""The other side: two minimal processes, one that publishes frames and hears commands, one that thinks in between.

``python -m robolearn.nodes.bench.bare camera`` ends with one line of JSON, ``... actor`` with another."""

from __future__ import annotations

import argparse
import array
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.contracts import Frame
from robolearn.errors import BenchError
from robolearn.nodes import network
from robolearn.nodes.bench.inference import Inference
from robolearn.nodes.bench.rig import CAMERAS, FPS, HEIGHT, WIDTH
from robolearn.nodes.qos import PROFILES
from robolearn.nodes.stamps import to_ns, to_time
from robolearn.nodes.topics import Qos
from robolearn.processes import Urgency, schedule

JOINTS = 5
PROPRIO = 2 * JOINTS + 6
NODE = "bare"
PATIENCE_S = 60.0


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("namespace")
    parser.add_argument("--hz", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    schedule(URGENCY[arguments.role])
    network.join()
    node = Node(f"{NODE}_{arguments.role}", namespace=arguments.namespace, enable_rosout=False)
    try:
        figures = ROLES[arguments.role](node, FPS // arguments.hz, arguments.seconds)
    except (ExternalShutdownException, KeyboardInterrupt):
        return
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    sys.stdout.write(json.dumps(figures) + "\n")


def camera(node: Node, every: int, seconds: float) -> dict[str, Any]:
    """Publish frames on both topics, and time the commands that they lead to."""
    took_ms: list[float] = []
    publishers = [node.create_publisher(Image, name, PROFILES[Qos.STREAM]) for name in CAMERAS]
    message = Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH)
    message.data = array.array("B", bytes(3 * WIDTH * HEIGHT))

    def publish() -> None:
        message.header.stamp = to_time(time.monotonic_ns())
        for publisher in publishers:
            publisher.publish(message)

    def arrived(command: JointTrajectory) -> None:
        took_ms.append((time.monotonic_ns() - to_ns(command.header.stamp)) * 1e-6)

    node.create_subscription(JointTrajectory, "command", arrived, PROFILES[Qos.COMMAND])
    node.create_timer(1.0 / FPS, publish)
    _spin(node, lambda: bool(took_ms), seconds)
    return {"took_ms": took_ms}


def actor(node: Node, every: int, seconds: float) -> dict[str, Any]:
    """Act on one in ``every`` frames."""
    inference = Inference(CAMERAS, PROPRIO)
    inference.warm_up(HEIGHT, WIDTH, PROPRIO)
    newest: dict[str, Image] = {}
    seen = 0
    command_to = node.create_publisher(JointTrajectory, "command", PROFILES[Qos.COMMAND])

    def act(image: Image) -> None:
        nonlocal seen
        newest[CAMERAS[0]] = image
        seen += 1
        if seen % every or len(newest) < len(CAMERAS):
            return
        inference({name: _frame(one) for name, one in newest.items()}, np.zeros(PROPRIO, np.float32))
        command = JointTrajectory(points=[JointTrajectoryPoint(positions=[0.0] * JOINTS)])
        command.header.stamp = image.header.stamp
        command_to.publish(command)

    def keep(image: Image) -> None:
        newest[CAMERAS[1]] = image

    node.create_subscription(Image, CAMERAS[0], act, PROFILES[Qos.STREAM])
    node.create_subscription(Image, CAMERAS[1], keep, PROFILES[Qos.STREAM])
    _spin(node, lambda: bool(inference.took_ms), seconds)
    return {"inference_ms": inference.took_ms}


def _frame(image: Image) -> Frame:
    return Frame(to_ns(image.header.stamp), np.frombuffer(image.data, np.uint8).reshape(HEIGHT, WIDTH, 3))


def _spin(node: Node, begun: Callable[[], bool], seconds: float) -> None:
    """Spin for ``seconds`` [s] from when the other one is there. Raises BenchError if it never is."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not begun():
        rclpy.spin_once(node, timeout_sec=0.1)
        if time.monotonic() > give_up_s:
            raise BenchError(f"{node.get_name()} has heard nothing of the other process for {PATIENCE_S:g} s")
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        rclpy.spin_once(node, timeout_sec=0.1)


ROLES = {"camera": camera, "actor": actor}
URGENCY = {"camera": Urgency.MOVES, "actor": Urgency.ACTS}  # as on our side


if __name__ == "__main__":
    main()
