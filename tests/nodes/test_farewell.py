"""The last word of a node whose work is done reaches everybody: it waits for those who have not heard it yet."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from robolearn.nodes.base import OK
from tests.nodes.cells import CELL
from tests.nodes.processes import PATIENCE_S, NodeProcess, own_network

LISTENERS = 2  # the supervisor, and the node itself
STOPPED_S = 0.7
HAS_WORK_UNTIL_TOLD = f"""
import sys, threading
from robolearn.nodes import topics
from robolearn.nodes.base import LOOK_S, TableNode, run

class Worker(TableNode):
    def __init__(self):
        super().__init__("scene_node")
        self.every(LOOK_S, self.look)

    def look(self):
        if self.count_subscribers(topics.DIAGNOSTICS.name) >= {LISTENERS}:
            print("heard", flush=True)

    def end(self):
        sys.stdin.readline()
        self.done = True

def make():
    worker = Worker()
    threading.Thread(target=worker.end, daemon=True).start()
    return worker

sys.exit(run(make))
"""


def test_a_node_that_is_done_waits_until_its_last_report_was_heard(tmp_path: Path) -> None:
    words = [word for name, value in CELL.items() for word in ("-p", f"{name}:={value}")]
    command = [sys.executable, "-c", HAS_WORK_UNTIL_TOLD, "--ros-args", *words]
    with (
        own_network(),
        NodeProcess(tmp_path / "log", "supervisor_node") as listener,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node,
    ):
        assert node.stdin is not None and node.stdout is not None
        assert node.stdout.readline() == "heard\n"
        listener.process.send_signal(signal.SIGSTOP)
        try:
            node.stdin.write("\n")
            node.stdin.flush()
            time.sleep(STOPPED_S)
            assert node.poll() is None, "it has gone, and not everybody has heard"
        finally:
            listener.process.send_signal(signal.SIGCONT)
        assert node.wait(PATIENCE_S) == OK
