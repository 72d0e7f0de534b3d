"""A recording that was cut short at any byte is completed with all that was on disk."""

from __future__ import annotations

from pathlib import Path

from mcap.reader import make_reader
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from robolearn.nodes import topics
from robolearn.nodes.mcap_file import McapFile, mend

CHUNKS, EACH = 3, 2


def test_a_file_that_was_cut_at_any_byte_is_mended(tmp_path: Path) -> None:
    file, ends = McapFile(tmp_path / "whole.mcap"), []
    for number in range(CHUNKS * EACH):
        file.write(topics.RUN_STATE, "/supervisor/state", serialize_message(String(data=str(number))), number)
        if number % EACH == EACH - 1:
            file.flush()
            ends.append(file.path.stat().st_size)
    file.close()
    whole = file.path.read_bytes()
    for size in range(ends[-1] + 1):
        torn = tmp_path / f"torn{size}.mcap"
        torn.write_bytes(whole[:size])
    mended = mend(tmp_path)
    assert len(mended) == ends[-1] + 1
    for size in range(ends[-1] + 1):
        path = tmp_path / f"torn{size}.mcap"
        with path.open("rb") as stream:
            stamps = [message.log_time for _, _, message in make_reader(stream).iter_messages()]
        assert stamps == list(range(mended[path]))
        assert mended[path] >= EACH * sum(end <= size for end in ends)
