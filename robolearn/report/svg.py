"""Small SVG drawings as element trees: text is always escaped, colours are classes of the style sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from markupsafe import Markup

Element = ElementTree.Element


def element(tag: str, *children: Element | str, **attributes: object) -> Element:
    """An SVG element; ``class_`` is written "class", ``text_anchor`` is written "text-anchor"."""
    node = Element(tag)
    for name, value in attributes.items():
        text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        node.set(name.rstrip("_").replace("_", "-"), text)
    for child in children:
        if isinstance(child, str):
            node.text = child
        else:
            node.append(child)
    return node


def drawing(width: int, height: int, title: str, description: str, parts: Iterable[Element]) -> Markup:
    """A whole drawing in its own units; ``description`` tells a reader who cannot see it what it shows."""
    body = [element("title", title), element("desc", description), *parts]
    told = f"{title}. {description}"
    root = element("svg", *body, viewBox=f"0 0 {width} {height}", role="img", aria_label=told)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def label(x: float, y: float, text: str, anchor: str = "start", class_: str = "tick") -> Element:
    """A line of text."""
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=class_)


def line(x0: float, y0: float, x1: float, y1: float, class_: str) -> Element:
    """A straight line."""
    return element("line", x1=x0, y1=y0, x2=x1, y2=y1, class_=class_)


def polyline(points: Sequence[tuple[float, float]], class_: str) -> Element:
    """A line through ``points``."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def rectangle(x: float, y: float, width: float, height: float, class_: str) -> Element:
    """A filled rectangle with slightly rounded corners."""
    return element("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), rx=2, class_=class_)


def dot(x: float, y: float, radius: float, class_: str) -> Element:
    """A filled circle."""
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def whisker(x: float, y0: float, y1: float, class_: str) -> list[Element]:
    """A vertical interval with caps."""
    caps = [line(x - 5, y, x + 5, y, class_) for y in (y0, y1)]
    return [line(x, y0, x, y1, class_), *caps]


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers in [low, high], a 1, 2 or 5 times a power of ten apart; ``low`` alone if high <= low."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / raw)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


@dataclass(frozen=True)
class Axes:
    """A plot area in drawing units, and the ranges of data that it shows."""

    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Drawing x of a data x."""
        low, high = self.x_range
        return self.left + self.width * (value - low) / (high - low or 1.0)

    def y(self, value: float) -> float:
        """Drawing y of a data y; drawings grow downwards."""
        low, high = self.y_range
        return self.top + self.height * (high - value) / (high - low or 1.0)

    def y_grid(self, ticks: Iterable[tuple[float, str]]) -> list[Element]:
        """Horizontal grid lines with their labels at the left."""
        parts = []
        for value, text in ticks:
            y = self.y(value)
            parts.append(line(self.left, y, self.left + self.width, y, "grid"))
            parts.append(label(self.left - 8, y + 4, text, "end"))
        return parts

    def x_ticks(self, ticks: Iterable[tuple[float, str]], name: str) -> list[Element]:
        """Labels under the plot area, and the name of the axis below them."""
        bottom = self.top + self.height
        parts = [label(self.x(value), bottom + 18, text, "middle") for value, text in ticks]
        return [*parts, label(self.left + self.width / 2, bottom + 38, name, "middle", "axis")]
