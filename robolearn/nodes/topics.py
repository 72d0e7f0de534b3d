"""Every topic and service of the graph, each stated once: name, type, quality of service, meaning.

Names are relative, so that a namespace moves a whole cell. Types are names, so that nothing here needs ROS.
A name may hold a place for the name of a camera or of a commander: :meth:`Topic.of` fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Qos(str, Enum):
    """Quality of service by what a topic is for; ``robolearn.nodes.qos`` has the profiles."""

    STREAM = "stream"  # best effort, newest only: a late reading is worth nothing
    COMMAND = "command"  # reliable, newest only, with deadline and lifespan
    REPLY = "reply"  # reliable, some kept
    LATCHED = "latched"  # reliable, the last one waits for who comes later


@dataclass(frozen=True)
class Topic:
    """One topic."""

    name: str
    type: str  # as ROS writes it: package/msg/Name
    qos: Qos
    meaning: str

    def of(self, name: str) -> Topic:
        """The topic of one camera or of one commander."""
        return replace(self, name=self.name.format(name))


@dataclass(frozen=True)
class Service:
    """One service."""

    name: str
    type: str  # as ROS writes it: package/srv/Name
    meaning: str


@dataclass(frozen=True)
class ArmTopics:
    """How joint targets reach whoever answers for the arm, and how the answer comes back.

    ``arm`` is the device, ``safety`` the gate in front of it; both answer alike, so one client serves for both."""

    command: Topic
    clips: Topic
    executed: Topic
    fault: Topic
    stop_request: Topic
    stop: Service
    rearm: Service

    def of(self, source: str) -> ArmTopics:
        """Those of one commander."""
        return replace(self, command=self.command.of(source))

    @property
    def answers(self) -> tuple[Topic, ...]:
        """What is published by whoever answers."""
        return (self.clips, self.executed, self.fault)

    @property
    def services(self) -> tuple[Service, ...]:
        """What is offered by whoever answers."""
        return (self.stop, self.rearm)


TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
DIAGNOSTICS_TYPE = "diagnostic_msgs/msg/DiagnosticArray"
TRIGGER = "std_srvs/srv/Trigger"
TEXT = "std_msgs/msg/String"


def _arm_topics(who: str, command: Topic) -> ArmTopics:
    return ArmTopics(
        command=command,
        clips=Topic(
            f"{who}/clips",
            DIAGNOSTICS_TYPE,
            Qos.REPLY,
            "why the executed command differs from the one of the same stamp, or why it was refused; before executed",
        ),
        executed=Topic(
            f"{who}/executed",
            TRAJECTORY,
            Qos.REPLY,
            "what was sent on of the command of the same stamp; without a point: it was refused",
        ),
        fault=Topic(f"{who}/fault", TEXT, Qos.LATCHED, "why commands are refused; empty: they are not"),
        stop_request=Topic(f"{who}/stop_request", TEXT, Qos.REPLY, "hold still now, for this reason, until re-armed"),
        stop=Service(f"{who}/stop", TRIGGER, "hold still now, until re-armed"),
        rearm=Service(f"{who}/rearm", TRIGGER, "clear the fault; moves nothing"),
    )


REQUESTED = Topic(
    "command/requested/{}",
    TRAJECTORY,
    Qos.COMMAND,
    "joint targets [rad] that a commander asks for, one point; 'gripper' may be among the names, 0 closed .. 1 open",
)
ARM = _arm_topics("arm", Topic("arm/command", TRAJECTORY, Qos.COMMAND, "joint targets that passed the safety gate"))
SAFETY = _arm_topics("safety", REQUESTED)

JOINT_STATES = Topic(
    "arm/joint_states",
    "sensor_msgs/msg/JointState",
    Qos.STREAM,
    "joints [rad, rad/s]; 'gripper' is its opening, 0..1, and its effort the share of stall torque; NaN: not measured",
)
EE_POSE = Topic(
    "arm/ee_pose",
    "geometry_msgs/msg/PoseStamped",
    Qos.STREAM,
    "tool in the base frame [m], with the stamp of its joint states",
)
WRENCH = Topic(
    "arm/wrench",
    "geometry_msgs/msg/WrenchStamped",
    Qos.STREAM,
    "at the tool, in the tool frame [N, Nm], with the stamp of its joint states; only from arms that measure it",
)
ARM_SPEC = Service("arm/get_parameters", "rcl_interfaces/srv/GetParameters", "what the arm is, before it is opened")

IMAGE = Topic(
    "camera/{}/image_raw", "sensor_msgs/msg/Image", Qos.STREAM, "rgb8, stamped at exposure; a new frame each time"
)
CAMERA_INFO = Topic("camera/{}/camera_info", "sensor_msgs/msg/CameraInfo", Qos.STREAM, "intrinsics of the same stamp")
NEWEST_FRAME = Topic(
    "camera/{}/newest",
    "sensor_msgs/msg/TimeReference",
    Qos.REPLY,
    "at the time of the header, the newest frame is the one of time_ref; from a twin in lock-step only",
)

TELEOP = Topic(
    "teleop/reading",
    "sensor_msgs/msg/Joy",
    Qos.REPLY,
    "axes: action in [-1, 1]; buttons: engaged, success, failure, rerecord, abort",
)
KEPT_GRIPPER = Topic(
    "teleop/kept_gripper",
    "std_msgs/msg/Float64",
    Qos.LATCHED,
    "the gripper's action value in [-1, 1] while the person does not drive, from which their device goes on",
)
TELEOP_BEGIN = Service("teleop/begin", "rcl_interfaces/srv/SetParameters", "an episode starts, with the parameter seed")
TELEOP_READ = Service("teleop/read", TRIGGER, "publish one reading now; for a person at a twin in lock-step")

CLOCK = Topic("/clock", "rosgraph_msgs/msg/Clock", Qos.LATCHED, "time of the twin; in a namespace <namespace>/clock")
ADVANCE_TO = Topic(
    "clock/advance_to",
    "rosgraph_msgs/msg/Clock",
    Qos.REPLY,
    "run up to here, or publish all again if that is now; for a twin in lock-step",
)
DRAWS, ASKS = "draws", "asks"  # keys of what is behind a start state, and of what a person is asked for before it
SCENE_RESET = Service(
    "scene/reset",
    "rcl_interfaces/srv/SetParameters",
    "start state of the parameter seed; the reason of the one result holds stamp_ns and draws as JSON, or asks: what a "
    "person has to do before, who then calls supervisor/ready, and whoever asked asks again",
)
SCENE_SUCCEEDED = Service(
    "scene/succeeded", TRIGGER, "ground truth of the task; the message is true, false, or null where nobody knows"
)

ACKNOWLEDGE = Service(
    "safety/acknowledge", TRIGGER, "a person has seen to the emergency stop, and allows re-arming; moves nothing"
)
NO_ARM, NOT_ARMED = "the arm has not answered yet", "not armed yet"  # faults of a gate that was just started
ESTOP = Topic("safety/estop", "std_msgs/msg/Bool", Qos.REPLY, "true stops, as safety/stop; false does not re-arm")
DIAGNOSTICS = Topic("diagnostics", DIAGNOSTICS_TYPE, Qos.REPLY, "health of each node, once a second")

VERDICT = Topic(
    "reward/verdict",
    DIAGNOSTICS_TYPE,
    Qos.REPLY,
    "probability of success and the decision, with the stamp of the observation that was judged",
)
WEIGHTS_VERSION = Topic("learner/weights_version", "std_msgs/msg/Int64", Qos.LATCHED, "newest published weights")
EPISODE = Topic("actor/episode", DIAGNOSTICS_TYPE, Qos.REPLY, "how an episode ended, and its counts")
RUN_STATE = Topic("supervisor/state", TEXT, Qos.LATCHED, "idle, running, paused or stopped: what the actor is to do")
PERSON_SAYS = Topic(
    "supervisor/mark",
    TEXT,
    Qos.REPLY,
    "success or failure: a person's label of the episode that runs; ready: the cell is at the start of the next",
)
SUPERVISOR = tuple(
    Service(f"supervisor/{name}", TRIGGER, meaning)
    for name, meaning in (
        ("start", "practise, from the next episode on"),
        ("pause", "end the episode that runs, and wait"),
        ("stop", "end the episode that runs, and be done"),
        ("mark_success", "label the episode that runs a success, and end it"),
        ("mark_failure", "label the episode that runs a failure, and end it"),
        ("ready", "the cell is as it was asked for, and the next episode may start"),
        ("rearm", "acknowledge an emergency stop and clear the fault of the safety gate; moves nothing"),
    )
)
