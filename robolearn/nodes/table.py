"""The one table of nodes: what each declares, publishes, subscribes to and offers, and what to do if it dies.

Nodes take their parameters and topics from here, the supervisor and the launch files what to start, the manual its
text. Nothing here needs ROS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from robolearn.autonomy import learner_process
from robolearn.errors import ConfigError, unknown
from robolearn.nodes import topics
from robolearn.nodes.topics import Service, Topic
from robolearn.processes import Urgency

Value = bool | int | float | str
END_PATIENCE_S = 30.0  # most nodes end at once; an actor ends its step, a recorder its file


class Restart(str, Enum):
    """What is done about a node that has ended."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"


class Needed(str, Enum):
    """In which cells a node runs."""

    ALWAYS = "always"
    REAL = "real"  # devices; the twin stands in for them
    TWIN = "twin"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node. ``default`` None: whoever starts the node has to say.

    One that is not ``read_only`` counts at once when it is set on the running node."""

    name: str
    type: type[Value]
    default: Value | None
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    read_only: bool = True


@dataclass(frozen=True)
class NodeEntry:
    """One node; its module is ``robolearn.nodes.<name>``, its console script has the same name."""

    name: str
    meaning: str
    restart: Restart = Restart.ALWAYS
    needed: Needed = Needed.ALWAYS
    parameters: tuple[Parameter, ...] = ()
    publishes: tuple[Topic, ...] = ()
    subscribes: tuple[Topic, ...] = ()
    services: tuple[Service, ...] = ()
    lifecycle: bool = False
    urgency: Urgency = Urgency.NORMAL
    end_patience_s: float = END_PATIENCE_S  # once it has been told to end, it may take so long
    per_camera: bool = False  # one process for each camera of the station, called <name>_<camera>

    @property
    def module(self) -> str:
        """What ``python -m`` runs."""
        return f"robolearn.nodes.{self.name}"


STATION = Parameter("station", str, None, "name or file of the station")
TASK = Parameter("task", str, None, "name or file of the task")
RUN = Parameter("run", str, None, "folder of the run")
CONFIG = Parameter("config", str, "residual", "name or file of the learning configuration")
SEED = Parameter("run_seed", int, 0, "training seed of the run", 0)
AUTOSTART = Parameter("autostart", bool, True, "open the device and stream without being asked to")
CELL = (STATION, TASK)
DEVICE = (*CELL, AUTOSTART)
LEARNING = (*CELL, RUN, CONFIG, SEED)

PACE = Parameter(
    "real_time_factor", float, 1.0, "twin seconds per second, unless in lock-step", 0.01, 100.0, read_only=False
)
PERSON = Parameter("person", str, "none", "who sits at the twin: none, demonstrator or onlooker")
STALL = Parameter("stall_s", float, 3.0, "the onlooker helps a robot that gets nowhere for so long [s]", 0.0, 3600.0)
PATIENCE = Parameter("patience_s", float, 10.0, "the onlooker helps after so long in any case [s]", 0.0, 3600.0)

ARM_STREAMS = (topics.JOINT_STATES, topics.EE_POSE, topics.WRENCH)
CAMERA_STREAMS = (topics.IMAGE, topics.CAMERA_INFO)
OBSERVED = (topics.JOINT_STATES, topics.EE_POSE, topics.WRENCH, topics.IMAGE)
ARM_SERVICES = (topics.ARM_SPEC, *topics.ARM.services)
ARM_INPUTS = (topics.ARM.command, topics.ARM.stop_request)

NODES: tuple[NodeEntry, ...] = (
    NodeEntry(
        name="arm_node",
        meaning="the arm of the station",
        urgency=Urgency.MOVES,
        needed=Needed.REAL,
        parameters=DEVICE,
        publishes=(*ARM_STREAMS, *topics.ARM.answers, topics.DIAGNOSTICS),
        subscribes=ARM_INPUTS,
        services=ARM_SERVICES,
        lifecycle=True,
    ),
    NodeEntry(
        name="camera_node",
        meaning="one camera of the station",
        urgency=Urgency.ACTS,
        needed=Needed.REAL,
        parameters=(*DEVICE, Parameter("camera", str, None, "which camera of the station")),
        publishes=(*CAMERA_STREAMS, topics.DIAGNOSTICS),
        lifecycle=True,
        per_camera=True,
    ),
    NodeEntry(
        name="scene_node",
        meaning="what stands around the arm: brings it to a start state, or has a person do so",
        needed=Needed.REAL,
        parameters=CELL,
        publishes=(topics.DIAGNOSTICS,),
        subscribes=(topics.PERSON_SAYS, topics.SAFETY.fault),
        services=(topics.SCENE_RESET, topics.SCENE_SUCCEEDED),
    ),
    NodeEntry(
        name="twin_node",
        meaning="the twin of the station, in place of arm_node, camera_node and scene_node",
        needed=Needed.TWIN,
        parameters=(
            *DEVICE,
            Parameter("lock_step", bool, False, "time stands still until clock/advance_to asks for more"),
            PACE,
            PERSON,
            STALL,
            PATIENCE,
        ),
        publishes=(
            *ARM_STREAMS, *topics.ARM.answers, *CAMERA_STREAMS, topics.NEWEST_FRAME, topics.TELEOP, topics.CLOCK,
            topics.DIAGNOSTICS,
        ),
        subscribes=(*ARM_INPUTS, topics.ADVANCE_TO, topics.KEPT_GRIPPER),
        services=(*ARM_SERVICES, topics.SCENE_RESET, topics.SCENE_SUCCEEDED, topics.TELEOP_BEGIN, topics.TELEOP_READ),
        lifecycle=True,
    ),
    NodeEntry(
        name="safety_node",
        meaning="the gate between whoever commands and the arm; limits are those of the station's file",
        urgency=Urgency.MOVES,
        parameters=(
            *CELL,
            Parameter("sources", str, "teleop actor", "who may command, the one that prevails first"),
            Parameter("answer_s", float, 0.5, "an arm that answers no sooner is a fault [s]", 0.05, 60.0),
        ),
        publishes=(*topics.SAFETY.answers, topics.ARM.command, topics.ARM.stop_request, topics.DIAGNOSTICS),
        subscribes=(
            topics.SAFETY.command, topics.SAFETY.stop_request, topics.ESTOP, *ARM_STREAMS, *topics.ARM.answers,
        ),
        services=(*topics.SAFETY.services, topics.ACKNOWLEDGE),
    ),
    NodeEntry(
        name="teleop_node",
        meaning="the station's device with which a person drives the arm and labels episodes",
        urgency=Urgency.ACTS,
        needed=Needed.REAL,
        parameters=(*CELL, Parameter("rate_hz", float, 30.0, "readings per second", 1.0, 1000.0)),
        publishes=(topics.TELEOP, topics.DIAGNOSTICS),
        subscribes=(topics.KEPT_GRIPPER,),
        services=(topics.TELEOP_BEGIN,),
    ),
    NodeEntry(
        name="reward_node",
        meaning="judges success from what the cameras see",
        parameters=(
            *LEARNING,
            Parameter("rate_hz", float, 10.0, "verdicts per second", 0.1, 100.0, read_only=False),
        ),
        publishes=(topics.VERDICT, topics.DIAGNOSTICS),
        subscribes=OBSERVED,
    ),
    NodeEntry(
        name="actor_node",
        meaning="practises: the policy acts, the reward judges, every tick goes into the store",
        urgency=Urgency.ACTS,
        restart=Restart.ON_FAILURE,
        parameters=(*LEARNING, Parameter("teleop", bool, False, "a person may take over")),
        publishes=(topics.REQUESTED, topics.KEPT_GRIPPER, topics.EPISODE, topics.DIAGNOSTICS),
        subscribes=(*OBSERVED, *topics.SAFETY.answers, topics.TELEOP, topics.RUN_STATE, topics.PERSON_SAYS),
    ),
    NodeEntry(
        name="learner_node",
        meaning="learns from the store, and publishes weights into the run's folder",
        urgency=Urgency.IDLE,
        end_patience_s=learner_process.END_PATIENCE_S,
        parameters=LEARNING,
        publishes=(topics.WEIGHTS_VERSION, topics.DIAGNOSTICS),
    ),
    NodeEntry(
        name="recorder_node",
        meaning="writes what passes on the graph into an MCAP file",
        parameters=(Parameter("folder", str, None, "where recordings are written"),),
        publishes=(topics.DIAGNOSTICS,),
        subscribes=(
            *OBSERVED, topics.CAMERA_INFO, topics.REQUESTED, topics.ARM.command, *topics.SAFETY.answers,
            *topics.ARM.answers, topics.TELEOP, topics.VERDICT, topics.EPISODE, topics.RUN_STATE, topics.PERSON_SAYS,
            topics.ESTOP, topics.WEIGHTS_VERSION, topics.DIAGNOSTICS,
        ),
    ),
    NodeEntry(
        name="supervisor_node",
        meaning="start, pause, stop, label and re-arm by service",
        publishes=(topics.RUN_STATE, topics.PERSON_SAYS, topics.DIAGNOSTICS),
        subscribes=(topics.SAFETY.fault, topics.EPISODE),
        services=topics.SUPERVISOR,
    ),
)  # fmt: skip


def entry(name: str) -> NodeEntry:
    """The node called ``name``. Raises ConfigError, listing those there are."""
    known = {node.name: node for node in NODES}
    if name not in known:
        raise ConfigError(unknown("node", name, known))
    return known[name]
