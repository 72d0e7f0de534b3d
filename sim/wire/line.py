"""The way out of a virtual device: answers wait until their time has come, and suffer the faults of real lines."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

PIECE_GAP_S = 0.0005


@dataclass
class LineFaults:
    """What is wrong with the line at present; may be changed while it is in use."""

    drop: float = 0.0  # share of answers that are lost
    late: float = 0.0  # share of answers that come only together with the next one
    corrupt: float = 0.0  # share of bytes with a flipped bit, in either direction on a shared wire
    delay_s: float = 0.0  # every answer comes so much later
    split: int = 0  # bytes in a piece, a moment after one another; 0: an answer comes in one piece
    freeze: bool = False  # the line stays open, and nothing is answered
    unplug: bool = False  # the line is gone; only :class:`Line`'s owner can see to this


class _Piece(NamedTuple):
    due_s: float
    data: bytes


class Line:
    """Keeps answers until they are due. Knows neither clock nor wire: its owner asks what is to be sent now."""

    def __init__(self, faults: LineFaults, seed: int = 0) -> None:
        self.faults = faults
        self._rng = np.random.default_rng(seed)
        self._waiting: deque[_Piece] = deque()  # what was said first leaves first
        self._held = b""

    @property
    def next_due_s(self) -> float | None:
        """When the next piece is due; None if none waits."""
        return self._waiting[0].due_s if self._waiting else None

    def put(self, answer: bytes, due_s: float) -> None:
        """An answer that is to leave at ``due_s``, as far as the faults let it."""
        faults, luck = self.faults, self._rng.random(2)
        if faults.freeze or luck[0] < faults.drop:
            return
        if luck[1] < faults.late:
            self._held += answer
            return
        data, self._held = self.noise(self._held + answer), b""
        size = faults.split or len(data)
        for index, start in enumerate(range(0, len(data), size)):
            due = due_s + faults.delay_s + index * PIECE_GAP_S
            before = self._waiting[-1].due_s if self._waiting else due
            self._waiting.append(_Piece(max(due, before), data[start : start + size]))

    def take(self, now_s: float) -> bytes:
        """All that is due by now."""
        data = b""
        while self._waiting and self._waiting[0].due_s <= now_s:
            data += self._waiting.popleft().data
        return data

    def clear(self) -> None:
        """Whatever waits is lost, as when a plug is pulled."""
        self._waiting.clear()
        self._held = b""

    def noise(self, data: bytes) -> bytes:
        """``data`` after its way over the wire."""
        if not self.faults.corrupt:
            return data
        values = np.frombuffer(data, np.uint8).copy()
        hit = self._rng.random(len(values)) < self.faults.corrupt
        values[hit] ^= np.left_shift(1, self._rng.integers(0, 8, int(hit.sum()))).astype(np.uint8)
        return values.tobytes()
