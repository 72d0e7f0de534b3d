"""The page on the graph says what the table of nodes says."""

from __future__ import annotations

from pathlib import Path

from robolearn.cli.main import OK, main
from robolearn.nodes.manual import page
from robolearn.nodes.table import NODES
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "ros.md"


def test_the_page_is_the_one_that_the_table_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "the table has changed: run 'robolearn docs ros'"


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    assert main(["docs", "ros", "--out", str(tmp_path / "ros.md")]) == OK
    assert (tmp_path / "ros.md").read_text(encoding="utf-8") == page()


def test_every_node_tells_its_parameters_topics_and_services() -> None:
    sections = page().split("\n## ")
    for node in NODES:
        (section,) = (text for text in sections if text.startswith(f"{node.name}\n"))
        named = [parameter.name for parameter in node.parameters] + [service.name for service in node.services]
        named += [topic.name.split("{")[0] for topic in (*node.publishes, *node.subscribes)]
        assert [name for name in named if f"`{name}" not in section] == []
        assert all(topic.type in section and topic.qos.value in section for topic in node.publishes)
