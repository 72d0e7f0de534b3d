"""The servo bus in short: nothing wrong is believed on a bad line, and an unplugged arm comes back."""

from __future__ import annotations

from robolearn.bench.servo_bus import Run, measure

SPEED = ("rate_hz", "p99_ms")  # says nothing on a machine that does other things besides


def test_a_short_run_over_a_bad_line_believes_nothing_wrong_and_comes_back() -> None:
    notes: list[str] = []
    result = measure(Run(clean_s=1.0, noisy_s=5.0, unplugs=2, patience_s=0.1), notes.append)
    missed = [bar for bar in result["bars"] if not bar["ok"] and bar["name"] not in SPEED]
    assert missed == []
    assert result["corrupt"] > 0 and result["losses"] == 2 and result["readings"] > 0 and len(notes) == 3
