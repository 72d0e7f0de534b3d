"""Virtual devices share a line that spoils answers on demand, real time, a byte log and a control channel."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from robolearn.errors import BorderError, DeviceError
from sim.wire.bytelog import ByteLog
from sim.wire.control import ControlChannel, knobs
from sim.wire.line import PIECE_GAP_S, Line, LineFaults
from sim.wire.realtime import RealTime

ANSWER = bytes(range(40))


def sent(faults: LineFaults, answers: int) -> list[bytes]:
    """What comes out of a line, one entry per answer put in."""
    line = Line(faults)
    out = []
    for number in range(answers):
        line.put(ANSWER, float(number))
        out.append(line.take(number + 0.9))
    return out


def test_a_sound_line_sends_each_answer_when_it_is_due() -> None:
    line = Line(LineFaults())
    line.put(ANSWER, 1.0)
    assert line.take(0.999) == b"" and line.next_due_s == 1.0
    assert line.take(1.0) == ANSWER and line.next_due_s is None


def test_a_frozen_line_sends_nothing() -> None:
    assert sent(LineFaults(freeze=True), 5) == [b""] * 5


def test_the_stated_share_of_answers_is_dropped() -> None:
    lost = sent(LineFaults(drop=0.2), 2000).count(b"")
    assert 320 < lost < 480


def test_a_late_answer_comes_together_with_the_next() -> None:
    out = sent(LineFaults(late=0.3), 500)
    held = 0
    for data in out:
        assert data in (b"", ANSWER * (held + 1))
        held = held + 1 if data == b"" else 0


def test_the_stated_share_of_bytes_is_corrupted_by_one_bit() -> None:
    flips = [a ^ b for data in sent(LineFaults(corrupt=0.05), 500) for a, b in zip(ANSWER, data, strict=True)]
    wrong = [flip for flip in flips if flip]
    assert 0.04 < len(wrong) / len(flips) < 0.06
    assert all(flip.bit_count() == 1 for flip in wrong)


def test_a_split_answer_comes_in_pieces_and_a_delayed_one_late() -> None:
    line = Line(LineFaults(split=15, delay_s=0.1))
    line.put(ANSWER, 1.0)
    assert line.take(1.05) == b""
    assert [line.take(1.1 + index * PIECE_GAP_S) for index in range(3)] == [ANSWER[:15], ANSWER[15:30], ANSWER[30:]]


def test_a_simulation_keeps_up_with_real_time_and_lets_long_gaps_slip() -> None:
    steps, period_s = [], 0.002
    with RealTime(lambda: steps.append(time.monotonic()), period_s, 0.02) as real:
        with real.lock:
            start_s = real.reached_s - real.slipped_s - len(steps) * period_s
        time.sleep(0.5)
        with real.lock:
            asked_s = time.monotonic()
            real.catch_up()
            assert asked_s - 1.001 * period_s < real.reached_s <= time.monotonic()
            assert len(steps) * period_s == pytest.approx(real.reached_s - start_s - real.slipped_s)
        with real.lock:
            time.sleep(0.5)
        real.catch_up()
        assert real.slipped_s > 0.4


def test_the_byte_log_holds_every_byte_of_both_ways(tmp_path: Path) -> None:
    with ByteLog(tmp_path / "bytes.log") as log:
        log.note("in", b"\xff\x00")
        log.note("out", ANSWER, "30004")
    lines = [line.split(" ", 3) for line in (tmp_path / "bytes.log").read_text().splitlines()]
    assert [line[1:3] for line in lines] == [["-", "in"], ["30004", "out"]]
    assert [bytes.fromhex(line[3]) for line in lines] == [b"\xff\x00", ANSWER]


def ask(path: Path, *lines: str) -> list[Any]:
    """Answers of a control channel."""
    with socket.socket(socket.AF_UNIX) as channel, channel.makefile("rw") as text:
        channel.settimeout(5.0)
        channel.connect(str(path))
        for line in lines:
            text.write(line + "\n")
        text.flush()
        return [json.loads(text.readline()) for _ in lines]


def test_faults_are_set_over_the_control_channel_while_it_runs(tmp_path: Path) -> None:
    faults = LineFaults()
    with ControlChannel(tmp_path / "control", {"faults": knobs(faults)}):
        answers = ask(tmp_path / "control", '{"do": "faults", "drop": 0.25, "freeze": true}', '{"do": "faults"}')
    assert faults == LineFaults(drop=0.25, freeze=True)
    assert answers[1]["ok"] and answers[1]["result"]["drop"] == 0.25
    assert not (tmp_path / "control").exists()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"do": "fault"}', "Did you mean 'faults'"),
        ('{"do": "faults", "dorp": 1.0}', "Did you mean 'drop'"),
        ('{"do": "faults", "freeze": "yes"}', "expected bool"),
        ("[1]", "JSON object"),
        ("nonsense", "Expecting value"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_and_changes_nothing(tmp_path: Path, line: str, fault: str) -> None:
    faults = LineFaults()
    with ControlChannel(tmp_path / "control", {"faults": knobs(faults)}):
        (answer,) = ask(tmp_path / "control", line)
    assert not answer["ok"] and fault in answer["error"] and faults == LineFaults()


def test_knobs_refuse_a_half_good_request_as_a_whole() -> None:
    faults = LineFaults()
    with pytest.raises(BorderError):
        knobs(faults)(drop=0.5, split="many")
    assert faults == LineFaults()


def test_a_control_socket_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot make the control socket"), ControlChannel(tmp_path / "no" / "x", {}):
        pass
