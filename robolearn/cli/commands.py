"""The table of commands: one line each. A command's module is imported only when it is asked for.

The module has ``add_arguments(parser)`` and ``run(args)``. What ``run`` returns is either an exit status, or
the figures of :func:`robolearn.bars.outcome`, whose bars decide the exit status.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """Where a command lives, and what it does in one line."""

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "demo": Command("robolearn.cli.demo", "learn a task from nothing to a report, all stages in turn"),
    "record": Command("robolearn.cli.record", "record demonstrations, driven by a person"),
    "teleop": Command("robolearn.cli.teleop", "drive a station by hand, without recording"),
    "train base": Command("robolearn.cli.train_base", "clone the base policy from the demonstrations"),
    "train tower": Command(
        "robolearn.cli.train_tower", "draw pictures of the twin, and train a small image tower on them"
    ),
    "train reward": Command("robolearn.cli.train_reward", "fit the success classifier on the demonstrations"),
    "practice": Command("robolearn.cli.practice", "let the robot practise by itself, and learn from it"),
    "learn": Command("robolearn.cli.learn", "run the learner of a practice alone"),
    "eval": Command("robolearn.cli.evaluate", "measure success on held-out resets"),
    "report": Command("robolearn.cli.report", "write the page of a run as it stands"),
    "up": Command("robolearn.nodes.up.command", "keep the ROS 2 nodes of a cell running, as plain processes"),
    "tell": Command("robolearn.nodes.tell", "tell a running cell to start, pause or stop, label an episode, or re-arm"),
    "docs ros": Command("robolearn.nodes.manual", "write the page on nodes, topics, services and parameters"),
    "bench reward": Command("robolearn.cli.bench_reward", "measure the success classifier on held-out frames"),
    "bench ur": Command("robolearn.cli.bench_ur", "stop, cut off and stream to a virtual UR5e"),
    "bench calibration": Command(
        "robolearn.cli.bench_calibration", "measure every calibration routine on cells whose truth is known"
    ),
    "bench ros": Command("robolearn.nodes.bench.command", "time the way from camera to arm over ROS, beside bare DDS"),
    "bench ros-practice": Command("robolearn.nodes.bench.practice", "practise over ROS, and succeed as in process"),
    "bench faults": Command("robolearn.nodes.bench.faults", "hurt a cell in every way while its arm moves"),
    "bench servo-bus": Command("robolearn.cli.bench_servo_bus", "drive a virtual SO-101, on a bad line and unplugged"),
    "bench": Command("robolearn.cli.bench", "measure twin, replay, store or learner beside its peer"),
    "emulate mjpeg": Command("robolearn.cli.emulate_mjpeg", "serve a station's cameras over HTTP, from the twin"),
    "emulate rtsp": Command("robolearn.cli.emulate_rtsp", "serve a station's cameras over RTSP, from the twin"),
    "emulate v4l2": Command("robolearn.cli.emulate_v4l2", "serve a station's cameras as USB cameras, from the twin"),
    "emulate realsense": Command("robolearn.cli.emulate_realsense", "record the twin as a RealSense would see it"),
    "emulate robotiq": Command("robolearn.cli.emulate_robotiq", "serve a virtual 2F-85, by Modbus RTU"),
    "emulate dynamixel": Command("robolearn.cli.emulate_dynamixel", "serve a virtual arm of Dynamixel servos"),
    "emulate so101": Command("robolearn.cli.emulate_so101", "serve a virtual SO-101, on the wire of its servos"),
    "emulate franka": Command("robolearn.cli.emulate_franka", "serve a virtual FR3 with its hand, on its own protocol"),
    "emulate ur": Command("robolearn.cli.emulate_ur", "serve a virtual UR5e, on its own wire protocols"),
    "doctor": Command("robolearn.cli.doctor", "examine a station, and say what to do about what is not well"),
    "calibrate board": Command("robolearn.cli.calibrate.board", "draw a ChArUco board to print"),
    "calibrate intrinsics": Command("robolearn.cli.calibrate.intrinsics", "measure a camera's lens"),
    "calibrate hand-eye": Command("robolearn.cli.calibrate.hand_eye", "measure where a camera is"),
    "calibrate ids": Command("robolearn.cli.calibrate.ids", "give the servos of a new arm their ids, one by one"),
    "calibrate servos": Command("robolearn.cli.calibrate.servos", "measure the servos of an SO-101, moved by hand"),
    "calibrate joints": Command("robolearn.cli.calibrate.joints", "measure where the joints are zero"),
    "calibrate latency": Command("robolearn.cli.calibrate.latency", "measure how late arm and camera are"),
    "calibrate twin": Command("robolearn.cli.calibrate.twin", "identify the twin from the arm's motion"),
    "calibrate drift": Command("robolearn.cli.calibrate.drift", "check whether anything has moved since"),
    "episodes list": Command("robolearn.cli.episodes_list", "show what a store holds, an episode a line"),
    "episodes label": Command("robolearn.cli.episodes_label", "judge demonstrations anew: success, failure or none"),
    "episodes drop": Command("robolearn.cli.episodes_drop", "leave episodes out of a store, until they are restored"),
    "episodes restore": Command("robolearn.cli.episodes_restore", "take back episodes that were dropped"),
    "episodes check": Command("robolearn.cli.episodes_check", "read all that a store holds, and name what is damaged"),
}
