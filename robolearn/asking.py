"""Questions to a person at the terminal."""

from __future__ import annotations

from typing import TextIO

from robolearn.errors import DeviceError


def ask(question: str, answers: TextIO, questions: TextIO, otherwise: str) -> str:
    """The line that answers ``question``. Raises DeviceError with the words ``otherwise`` if nobody can."""
    questions.write(question)
    questions.flush()
    answer = answers.readline()
    if not answer:
        raise DeviceError(otherwise)
    return answer.strip()
