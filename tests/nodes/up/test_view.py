"""What a person sees of a cell: a row for each node, and a line for each event."""

from __future__ import annotations

import io
import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from robolearn.autonomy import learner_process
from robolearn.errors import ConfigError
from robolearn.nodes.table import Restart, entry
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.setups import Start
from robolearn.nodes.up.view import Lines, StatusTable
from tests.nodes.processes import eventually, own_network


def recorder(folder: Path, name: str = "recorder_node", patience_s: float = 30.0, **parameters: object) -> Child:
    node = replace(entry("recorder_node"), end_patience_s=patience_s)
    start = Start(node, name, "/", {"folder": str(folder / "bags" / name), **parameters})
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


def test_a_log_that_a_person_takes_away_is_shown_as_silent(tmp_path: Path) -> None:
    stream, child = io.StringIO(), recorder(tmp_path)
    child.log.write_text("ready\n", encoding="utf-8")
    table = StatusTable([child], stream)
    child.log.rename(tmp_path / "recorder_node.log.1")
    table.show()
    table.close()
    assert "recorder_node" in stream.getvalue() and "ready" not in stream.getvalue()
    assert child.last_words() == ""


def test_a_node_whose_log_folder_was_removed_is_started_again(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    child = recorder(folder)
    with own_network():
        child.start()
        shutil.rmtree(folder)
        os.kill(child.pid or 0, signal.SIGKILL)
        eventually(child.look, "its end to be seen")
        assert eventually(child.look, "its restart") == "recorder_node: started again"
        eventually((folder / "bags" / child.name).is_dir, "a recorder at work")
        end_all([child])
    assert child.status == 0 and child.log.is_file()


def test_each_node_is_given_its_own_time_to_end(tmp_path: Path) -> None:
    hasty, patient = recorder(tmp_path, "hasty", patience_s=1.0), recorder(tmp_path, "patient", patience_s=120.0)
    with own_network():
        for child in (patient, hasty):
            child.start()
        for child in (patient, hasty):
            eventually((tmp_path / "bags" / child.name).is_dir, "a recorder at work")
            os.kill(child.pid or 0, signal.SIGSTOP)
        busy = threading.Timer(4.0, os.kill, (patient.pid or 0, signal.SIGCONT))
        busy.start()
        end_all([patient, hasty])
        busy.join()
    assert (hasty.status, patient.status) == (-signal.SIGKILL, 0)


def test_the_learner_is_given_the_time_that_it_needs_in_process_too() -> None:
    assert entry("learner_node").end_patience_s == learner_process.END_PATIENCE_S
    assert learner_process.END_PATIENCE_S > entry("actor_node").end_patience_s > 0.0


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
