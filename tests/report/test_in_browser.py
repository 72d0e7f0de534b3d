"""The page in a real browser: everything shows, nothing complains, nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from robolearn.report import write_report
from tests.report import sample
from tests.report.browser import EXECUTABLE, Browser

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="no chromium on this machine: apt-get install chromium")

SECTIONS = [
    "headline",
    "bars",
    "learning",
    "success",
    "episodes",
    "reward",
    "practice",
    "timing",
    "reproduce",
    "notes",
]

VISIBLE = """[...document.querySelectorAll('section')].filter(s => {
  const box = s.getBoundingClientRect();
  return s.checkVisibility() && box.width > 300 && box.height > 60 && s.innerText.trim().length > 20;
}).map(s => s.id)"""

LOWEST_CONTRAST = """(() => {
  const parts = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => parts(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (parts(c)[3] !== 0) return c; } };
  let lowest = 21;
  for (const e of document.querySelectorAll('body *')) {
    const written = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!written || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const ink = e.ownerSVGElement ? style.fill : style.color;
    const pair = [light(ink), light(behind(e))].sort((a, b) => b - a);
    lowest = Math.min(lowest, (pair[0] + 0.05) / (pair[1] + 0.05));
  }
  return lowest;
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(sample.write_run(tmp_path_factory.mktemp("run")), sample.BARS)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun")
    sample.write_json(folder / "run.json", sample.RUN)
    return write_report(folder, [])


@pytest.mark.parametrize("name", ["report", "begun"])
def test_every_section_is_visible_and_the_console_stays_silent(
    browser: Browser, name: str, request: pytest.FixtureRequest
) -> None:
    browser.open(request.getfixturevalue(name))
    assert browser.value(VISIBLE) == SECTIONS
    assert browser.reported("Log.entryAdded") == []
    assert browser.reported("Runtime.exceptionThrown") == []
    assert browser.reported("Runtime.consoleAPICalled") == []


def test_the_page_itself_is_all_that_is_loaded(browser: Browser, report: Path) -> None:
    browser.open(report)
    asked = [event["request"]["url"] for event in browser.reported("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]


def test_every_picture_and_drawing_has_a_size_and_an_alternative(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert browser.value("[...document.images].filter(i => i.naturalWidth === 128 && i.alt.length > 20).length") == 16
    drawings = "[...document.querySelectorAll('svg')]"
    assert browser.value(f"{drawings}.length") == 8
    assert browser.value(f"{drawings}.every(s => s.getBoundingClientRect().height > 100 && s.ariaLabel.length > 20)")


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_never_scrolls_sideways(browser: Browser, report: Path, width: int) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.open(report)
    assert browser.value("document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast_enough_in_both_colour_schemes(browser: Browser, report: Path, scheme: str) -> None:
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(report)
    dark = browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(16, 19, 23)"
    assert dark == (scheme == "dark")
    assert browser.value(LOWEST_CONTRAST) >= 4.5  # WCAG 2.2, level AA
