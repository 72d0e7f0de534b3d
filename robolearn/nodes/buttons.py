"""Emergency buttons on the graph: one that is pressed is not released by another, and one that died stops the arm."""

from __future__ import annotations

from typing import NamedTuple

SILENT_S = 3.0  # a button repeats itself each second
REPEATS = 3  # a publisher heard less often is somebody who has said it once
STOOD_STILL_S = 1.0  # without a look: nobody could be heard


class _Button(NamedTuple):
    """One publisher of the topic, as it was heard last."""

    pressed: bool
    heard_s: float
    times: int


class Buttons:
    """Every button that was heard, by its publisher. Call :meth:`fell_silent` often."""

    def __init__(self) -> None:
        self._buttons: dict[bytes, _Button] = {}
        self._looked_s = 0.0

    @property
    def pressed(self) -> bool:
        """True while any of them is."""
        return any(button.pressed for button in self._buttons.values())

    def hear(self, publisher: bytes, pressed: bool, now_s: float) -> None:
        """A button says how it is. A new voice that says "released" speaks for all that repeat nothing."""
        before = self._buttons.get(publisher)
        if before is None and not pressed:
            self._buttons = {
                one: button for one, button in self._buttons.items() if not button.pressed or _repeats(button, now_s)
            }
        self._buttons[publisher] = _Button(pressed, now_s, 1 if before is None else before.times + 1)

    def fell_silent(self, now_s: float) -> bool:
        """True if a released button that used to repeat itself does so no more; it is told once, and forgotten."""
        if now_s - self._looked_s > STOOD_STILL_S:
            self._buttons = {one: button._replace(heard_s=now_s) for one, button in self._buttons.items()}
        self._looked_s = now_s
        silent = [
            one for one, button in self._buttons.items()
            if not button.pressed and button.times >= REPEATS and not _repeats(button, now_s)
        ]  # fmt: skip
        for one in silent:
            del self._buttons[one]
        return bool(silent)


def _repeats(button: _Button, now_s: float) -> bool:
    return button.times >= REPEATS and now_s - button.heard_s <= SILENT_S
