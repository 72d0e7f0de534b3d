"""What a run ends with: one HTML file that tells all of it, and a short table for the terminal."""

from __future__ import annotations

from robolearn.report.data import load_run
from robolearn.report.html import write_report
from robolearn.report.summary import Summary, summarize
from robolearn.report.terminal import terminal_table

__all__ = ["Summary", "load_run", "summarize", "terminal_table", "write_report"]
