"""Writes what passes on the graph into MCAP files: every topic of its entry, as soon as somebody publishes it.

Once a second the chunk is ended, so that a kill loses a second at most; what a kill cut short is completed at the next
start. When the disk refuses, the messages that are lost meanwhile are counted, and a new file begins when it can.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from robolearn.errors import ConfigError
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.mcap_file import SUFFIX, McapFile, mend
from robolearn.nodes.topics import Topic

LOOK_S = 0.2  # between two looks for new topics
CHUNK_S = 1.0
PLACE = "PLACE"


class RecorderNode(TableNode):
    """Records until it is told to end."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("recorder_node")
        self._folder = Path(self.text("folder")).expanduser()
        self._patterns = [(topic, self._pattern(topic)) for topic in self.entry.subscribes]
        self._recorded: set[str] = set()
        self._taken = self._safe = self._lost = 0  # messages; safe: in the files before this one
        self._file = self._new_file()
        if self._file is None:
            raise ConfigError(f"cannot record into {self._folder}: give a folder that can be written")
        threading.Thread(
            target=self._mend, name="mend", daemon=True
        ).start()  # minutes for a long one: record meanwhile
        self.every(LOOK_S, self._look)
        self.every(CHUNK_S, self._end_chunk)

    def state(self) -> Mapping[str, object]:
        """How many messages have come in, are on disk, and were lost at most."""
        return {
            "file": self._file.path if self._file else "",
            "heard": self._taken,
            "safe": self._safe + (self._file.safe if self._file else 0),
            "lost": self._lost,
        }

    def close(self) -> None:
        """Write the index of the file."""
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as fault:
            self._refused(fault)

    def _mend(self) -> None:
        """Complete what was cut short before."""
        try:
            for path, messages in mend(self._folder).items():
                self.get_logger().warning(f"{path} was cut short: {messages} messages of it are there")
        except OSError as fault:
            self._refused(fault)

    def _new_file(self) -> McapFile | None:
        """None if the disk refuses."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return McapFile(self._folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{SUFFIX}")
        except OSError as fault:
            self._refused(fault)
            return None

    def _look(self) -> None:
        """Listen to every topic of the table's that is new on the graph; a simulated clock must have begun."""
        names = [name for name, _ in self.get_topic_names_and_types() if name not in self._recorded]
        for name in names if self.get_clock().now().nanoseconds else ():
            for topic, pattern in self._patterns:
                found = pattern.fullmatch(name)
                if found:
                    self._recorded.add(name)
                    self.listen(topic, partial(self._write, topic, name), "".join(found.groups()), raw=True)

    def _pattern(self, topic: Topic) -> re.Pattern[str]:
        """What a full name of ``topic`` looks like; the place for a camera or a commander is a group."""
        name = self.resolve_topic_name(topic.of(PLACE).name)
        return re.compile(re.escape(name).replace(PLACE, r"(\w+)"))

    def _write(self, topic: Topic, name: str, data: bytes) -> None:
        self._taken += 1
        if self._file is None:
            self._lost += 1
            return
        try:
            self._file.write(topic, name, data, self.get_clock().now().nanoseconds)
        except OSError as fault:
            self._give_up(self._file, fault)

    def _end_chunk(self) -> None:
        if self._file is None:
            self._file = self._new_file()
            return
        try:
            self._file.flush()
        except OSError as fault:
            self._give_up(self._file, fault)

    def _give_up(self, file: McapFile, fault: OSError) -> None:
        """The disk refuses: what is not on it is lost."""
        self._safe += file.safe
        self._lost += file.messages - file.safe
        self._file = None
        file.abandon()
        self._refused(fault)

    def _refused(self, fault: OSError) -> None:
        self.health.error(f"recording into {self._folder}: {fault}")
        self.get_logger().error(f"recording into {self._folder}: {fault}")


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(RecorderNode)


if __name__ == "__main__":
    sys.exit(main())
