"""What the cameras of a cell see, on a page for a browser on this machine, with a line on how things stand."""

from __future__ import annotations

import html
from types import TracebackType

from robolearn.contracts import Frame, Observation
from robolearn.mjpeg import MjpegServer, Page

STYLE = (
    "body{margin:1.5rem;background:#111;color:#ddd;font:1.1rem system-ui}"
    "img{height:45vh;margin:0 1rem 1rem 0;image-rendering:pixelated}figure{display:inline-block;margin:0}"
)
POLL = (
    "setInterval(async()=>{const line=document.getElementById('line');"
    "try{line.textContent=await (await fetch('/status')).text()}catch{line.textContent='ended'}},300)"
)


class Preview:
    """A page at :attr:`url`; a context manager."""

    def __init__(self, title: str, cameras: tuple[str, ...], fps: float, port: int) -> None:
        """Port 0 takes any that is free. Raises DeviceError if the port is taken."""
        self._frames: dict[str, Frame] = {}
        self.line = ""
        figures = "".join(
            f'<figure><img src="/{name}.mjpeg" alt=""><figcaption>{html.escape(name)}</figcaption></figure>'
            for name in cameras
        )
        page = (
            f"<!doctype html><title>{html.escape(title)}</title><style>{STYLE}</style>"
            f"<h1>{html.escape(title)}</h1><p id=line></p>{figures}<script>{POLL}</script>"
        )
        pages = {
            "/": lambda: Page("text/html; charset=utf-8", page.encode()),
            "/status": lambda: Page("text/plain; charset=utf-8", self.line.encode()),
        }
        streams = {name: lambda name=name: self._frames.get(name) for name in cameras}
        self._server = MjpegServer(streams, fps, pages, port)
        self.url = self._server.url

    def show(self, observation: Observation, line: str) -> None:
        """The newest tick."""
        self._frames.update(observation.frames)
        self.line = line

    def __enter__(self) -> Preview:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()
