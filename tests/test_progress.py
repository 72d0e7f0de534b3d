"""The time left is honest, and progress never touches stdout."""

from __future__ import annotations

import io

import pytest

from robolearn.progress import Estimate, Progress, duration


class HandClock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


STAGES = {"record": 10.0, "train": 20.0, "practise": 70.0}


def test_before_anything_is_measured_the_expectation_counts() -> None:
    assert Estimate(STAGES).left_s("record", 0.0, 0.0) == pytest.approx(100.0)


def test_a_stage_that_runs_at_half_speed_doubles_what_is_to_come() -> None:
    assert Estimate(STAGES).left_s("record", 10.0, 0.5) == pytest.approx(10.0 + 2 * 90.0)


def test_finished_stages_scale_the_next_one_before_it_has_a_rate() -> None:
    estimate = Estimate(STAGES, taken_s={"record": 30.0})
    assert estimate.left_s("train", 0.0, 0.0) == pytest.approx(3 * 90.0)


def test_once_a_stage_has_a_rate_of_its_own_the_expectation_of_it_is_forgotten() -> None:
    estimate = Estimate({"practise": 1e6})
    assert estimate.left_s("practise", 6.0, 0.1) == pytest.approx(54.0)


def test_skipped_stages_cost_nothing_and_say_nothing_about_pace() -> None:
    estimate = Estimate(STAGES, skipped={"record", "train"})
    assert estimate.left_s("practise", 0.0, 0.0) == pytest.approx(70.0)


def test_steady_work_counts_down_to_zero_without_a_jump() -> None:
    estimate = Estimate(STAGES)
    lefts = []
    for name, seconds in STAGES.items():
        lefts += [estimate.left_s(name, seconds * 2 * step / 50, step / 50) for step in range(51)]
        estimate.taken_s[name] = 2 * seconds
    truth = [200.0 - seconds for seconds in elapsed_at_each_report()]
    late = [abs(left - true) for left, true in zip(lefts, truth, strict=True)][6:]
    assert max(late) < 1e-6 and lefts[-1] == pytest.approx(0.0)


def elapsed_at_each_report() -> list[float]:
    starts = {"record": 0.0, "train": 20.0, "practise": 60.0}
    return [starts[name] + 2 * STAGES[name] * step / 50 for name in STAGES for step in range(51)]


def test_without_a_terminal_there_are_a_few_plain_lines() -> None:
    clock, stream = HandClock(), io.StringIO()
    with Progress({"record": 100.0, "train": 50.0}, stream=stream, clock=clock) as progress:
        with progress.stage("record", total=100) as stage:
            for step in range(100):
                clock.now_s += 1.0
                stage.advance(note=f"episode {step}")
        assert progress.taken_s == {"record": 100.0}
    lines = stream.getvalue().splitlines()
    assert lines[0] == "record (1/2): 0%, 2 min 30 s left"
    assert lines[1] == "record (1/2): 15%, 2 min 15 s left, episode 14"
    assert lines[-1] == "record (1/2): 100%, 50 s left, episode 99"
    assert len(lines) == 8


def test_on_a_terminal_there_is_a_bar_unless_plain_lines_are_asked_for() -> None:
    bar, lines = Terminal(), Terminal()
    for stream, plain in ((bar, False), (lines, True)):
        with (
            Progress({"record": 1.0}, plain=plain, stream=stream) as progress,
            progress.stage("record", 2) as stage,
        ):
            stage.update(1, note="half way")
    assert "\x1b[" in bar.getvalue() and "record" in bar.getvalue() and "half way" in bar.getvalue()
    assert "\x1b[" not in lines.getvalue() and lines.getvalue().startswith("record: 0%")


def test_nothing_is_written_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress({"record": 1.0}) as progress, progress.stage("record", total=1) as stage:
        stage.advance()
    written = capsys.readouterr()
    assert written.out == "" and "record: 100%" in written.err


def test_a_stage_that_fails_is_not_counted_as_finished() -> None:
    progress = Progress({"record": 1.0}, stream=io.StringIO())
    with pytest.raises(RuntimeError), progress, progress.stage("record", total=2) as stage:
        stage.advance()
        raise RuntimeError("unplugged")
    assert progress.taken_s == {}


def test_an_unannounced_stage_is_a_fault_of_the_program() -> None:
    progress = Progress({"record": 1.0, "practise": 1.0}, stream=io.StringIO())
    with pytest.raises(KeyError, match="unknown stage 'train'"), progress.stage("train", total=1):
        pass


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
