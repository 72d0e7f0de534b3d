"""What a person sees of a cell: a row for each node, and a line for each event."""

from __future__ import annotations

import io
import os
import signal
import time
from pathlib import Path

import pytest

from robolearn.errors import ConfigError
from robolearn.nodes.table import Restart, entry
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.setups import Start
from robolearn.nodes.up.view import Lines, StatusTable
from tests.nodes.processes import eventually, own_network


def recorder(folder: Path, **parameters: object) -> Child:
    start = Start(entry("recorder_node"), "recorder_node", "/", {"folder": str(folder / "bags"), **parameters})
    assert start.entry.restart is Restart.ALWAYS
    return Child(start, folder, "info")


def test_the_table_has_a_row_for_each_node_and_events_above_it(tmp_path: Path) -> None:
    stream, child = io.StringIO(), recorder(tmp_path)
    with own_network():
        child.start()
        child.log.write_text("ready [really]\n", encoding="utf-8")
        table = StatusTable([child], stream)
        table.tell("recorder_node: [ended]")
        table.show()
        pid = child.pid
        end_all([child])
        table.close()
    shown = " ".join(stream.getvalue().split())
    assert "recorder_node: [ended]" in shown and "running" in shown and str(pid) in shown


def test_elsewhere_each_event_is_a_line() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.tell("recorder_node: started again")
    lines.show()
    assert stream.getvalue() == "robolearn: recorder_node: started again\n"


def test_the_pause_before_a_restart_grows(tmp_path: Path) -> None:
    child, pauses_s = recorder(tmp_path), []
    with own_network():
        child.start()
        for _ in range(3):
            os.kill(child.pid or 0, signal.SIGKILL)
            event = eventually(child.look, "its end to be seen")
            assert event.startswith("recorder_node: ended by SIGKILL")
            seen_s = time.monotonic()
            assert eventually(child.look, "its restart") == "recorder_node: started again"
            pauses_s.append(time.monotonic() - seen_s)
        end_all([child])
    assert child.restarts == 3 and child.done
    assert pauses_s[2] > 2.0 * pauses_s[0] > 0.0


def test_a_bad_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = recorder(tmp_path, folders="x")
    with own_network():
        child.start()
        with pytest.raises(ConfigError, match=r"recorder_node does not start: .*unknown parameter 'folders'"):
            eventually(child.look, "its end")
