"""A person who watches an evaluation, in a cell that cannot know by itself whether its task was done."""

from __future__ import annotations

import sys
from typing import Final

from robolearn.asking import ask
from robolearn.autonomy.homing import StartPose, bring_back, check_clear
from robolearn.errors import BorderError, DeviceError
from robolearn.station import Station

ANSWERS: Final = {"y": True, "n": False}
ENOUGH: Final = "q"


class EnoughSeen(Exception):
    """The person wants no further episode, and has not judged this one."""


class Witness:
    """Is asked at the terminal before and after each episode. The arm goes to its start pose by itself."""

    def __init__(self, station: Station, instruction: str, start: StartPose) -> None:
        """``start`` is where every episode begins. Raises DeviceError if the arm cannot be brought there."""
        check_clear(station, start)
        self._station, self._instruction, self._start = station, instruction, start

    def prepare(self) -> None:
        """Bring the arm to its start, as often as it takes. Raises EnoughSeen, and DeviceError if nobody is there."""
        trouble = self._station.arm.fault or ""
        while True:
            why = f"The arm has stopped ({trouble}): make it safe. " if trouble else ""
            said = self._ask(f"{why}The arm goes to its start pose. Keep clear, then press Enter, or {ENOUGH} to end: ")
            if said.lower() == ENOUGH:
                raise EnoughSeen
            trouble = self._bring_back()
            if not trouble:
                return

    def _bring_back(self) -> str:
        """Why the arm did not get there; empty if it did."""
        try:
            if self._station.arm.fault is not None:
                self._station.arm.rearm()
            bring_back(self._station, self._start)
        except (DeviceError, BorderError) as error:
            return str(error)
        return ""

    def saw_success(self) -> bool:
        """What the person says of the episode. Raises EnoughSeen, and DeviceError if nobody is there."""
        said = ""
        while said not in ANSWERS:
            said = self._ask(f"Was '{self._instruction}' done? y, n, or {ENOUGH} to end without this episode: ").lower()
            if said == ENOUGH:
                raise EnoughSeen
        return ANSWERS[said]

    def _ask(self, question: str) -> str:
        name = self._station.config.name
        return ask(
            question, sys.stdin, sys.stderr,
            f"station {name} cannot know whether its task was done, and nobody is at the terminal to say so. Run the "
            "command in a terminal, or evaluate on a simulated station.",
        )  # fmt: skip
