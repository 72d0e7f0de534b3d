"""The buffers that one program has of a webcam: which wait for a picture, which hold one, and the memory behind."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass

from sim.wire.v4l2.uapi import CAPTURE, IN_MEMORY_MAP, PROGRESSIVE, Buffer, BufferFlag

MOST = 32
PAGE = 4096


@dataclass
class _Slot:
    flags: int = 0
    used: int = 0
    stamp_ns: int = 0
    sequence: int = 0


class Buffers:
    """Memory of ``size`` bytes for each picture, which the program maps."""

    def __init__(self, size: int) -> None:
        self.memory = os.memfd_create("pictures", os.MFD_CLOEXEC)
        self.streams = False
        self._size, self._stride = size, -(-size // PAGE) * PAGE
        self._slots: list[_Slot] = []
        self._waiting: deque[int] = deque()
        self._ready: deque[int] = deque()
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._slots)

    def close(self) -> None:
        """Give the memory back; what the program has mapped stays its own."""
        os.close(self.memory)

    def allocate(self, count: int) -> int:
        """As many as there will be, at most ``MOST``; those of before are gone."""
        self._slots = [_Slot() for _ in range(min(count, MOST))]
        os.ftruncate(self.memory, len(self) * self._stride)
        return len(self)

    def queue(self, index: int) -> None:
        """Have a buffer wait for a picture. Raises IndexError if there is none, ValueError if it already waits."""
        if self._slots[index].flags:
            raise ValueError(f"buffer {index} is queued")
        self._slots[index].flags = BufferFlag.QUEUED
        self._waiting.append(index)

    def dequeue(self) -> int:
        """The one with the oldest picture. Raises IndexError if none has one."""
        index = self._ready.popleft()
        self._slots[index].flags = 0
        return index

    def stop(self) -> int:
        """All buffers are the program's again; how many pictures that leaves unread."""
        unread = len(self._ready)
        self.streams = False
        self._waiting.clear()
        self._ready.clear()
        for slot in self._slots:
            slot.flags = 0
        return unread

    def has_room(self) -> bool:
        """Count an exposure; False if no buffer waits for its picture, which is lost."""
        self._sequence += 1
        return bool(self._waiting)

    def fill(self, data: bytes, stamp_ns: int) -> None:
        """Put a picture into the buffer that has waited longest. Raises IndexError if none waits."""
        index = self._waiting.popleft()
        used = os.pwrite(self.memory, data[: self._size], index * self._stride)
        self._slots[index] = _Slot(BufferFlag.DONE, used, stamp_ns, self._sequence)
        self._ready.append(index)

    def describe(self, told: Buffer, index: int) -> None:
        """Fill in what a program is told of a buffer. Raises IndexError if there is none."""
        slot = self._slots[index]
        told.type, told.memory, told.field = CAPTURE, IN_MEMORY_MAP, PROGRESSIVE
        told.index, told.offset, told.length = index, index * self._stride, self._size
        told.flags = BufferFlag.MAPPED | BufferFlag.MONOTONIC | slot.flags
        told.bytesused, told.sequence = slot.used, slot.sequence
        told.seconds, rest_ns = divmod(slot.stamp_ns, 1_000_000_000)
        told.microseconds = rest_ns // 1000
