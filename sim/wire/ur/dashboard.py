"""The dashboard server's text protocol: one line asked, one line answered."""

from __future__ import annotations

from collections.abc import Callable

from sim.wire.ur.controller import POLYSCOPE, SERIAL_NUMBER, Controller, RobotMode, SafetyMode

BANNER = "Connected: Universal Robots Dashboard Server\n"


class DashboardChannel:
    """One connection on port 29999."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._buffer = b""

    def greet(self) -> bytes:
        """The banner."""
        return BANNER.encode()

    def due(self) -> bytes:
        """Nothing is said unasked."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Answer every whole line."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return "".join(answer(line.decode("ascii", "replace"), self._controller) for line in lines).encode()


def answer(request: str, controller: Controller) -> str:
    """The answer to one line, with its newline."""
    words = request.strip()
    handler = _HANDLERS.get(words.lower())
    known = handler(controller) if handler else f"could not understand: '{words}'"
    return f"{known}\n"


def _stop(controller: Controller) -> str:
    controller.end_program("stopped by the dashboard")
    return "Stopped"


def _unlock(controller: Controller) -> str:
    done = controller.unlock_protective_stop()
    return "Protective stop releasing" if done else "Cannot unlock protective stop: there is none"


def _power(mode: RobotMode, done: str) -> Callable[[Controller], str]:
    def set_power(controller: Controller) -> str:
        return done if controller.power(mode) else "Cannot change power: stopped by the safety system"

    return set_power


def _version(_: Controller) -> str:
    major, minor, bugfix, _build = POLYSCOPE
    return f"URSoftware {major}.{minor}.{bugfix}.108249 (virtual controller)"


def _running(controller: Controller) -> str:
    return f"Program running: {str(controller.playing).lower()}"


def _program_state(controller: Controller) -> str:
    return f"{'PLAYING' if controller.playing else 'STOPPED'} rtde_control"


def _robot_mode(controller: Controller) -> str:
    return f"Robotmode: {controller.robot_mode.name}"


def _safety(controller: Controller) -> str:
    return f"Safetystatus: {controller.safety_mode.name}"


def _safety_mode(controller: Controller) -> str:
    return f"Safetymode: {controller.safety_mode.name}"


def _close_popup(_: Controller) -> str:
    return "closing safety popup"


def _restart_safety(controller: Controller) -> str:
    stopped = controller.safety_mode is not SafetyMode.NORMAL
    return "Cannot restart safety: the stop persists" if stopped else "Restarting safety"


_HANDLERS: dict[str, Callable[[Controller], str]] = {
    "polyscopeversion": _version,
    "get serial number": lambda _: SERIAL_NUMBER,
    "get robot model": lambda _: "UR5",
    "is in remote control": lambda _: "true",
    "quit": lambda _: "Disconnected",
    "stop": _stop,
    "running": _running,
    "programstate": _program_state,
    "robotmode": _robot_mode,
    "safetymode": _safety_mode,
    "safetystatus": _safety,
    "unlock protective stop": _unlock,
    "close safety popup": _close_popup,
    "restart safety": _restart_safety,
    "power on": _power(RobotMode.IDLE, "Powering on"),
    "brake release": _power(RobotMode.RUNNING, "Brake releasing"),
    "power off": _power(RobotMode.POWER_OFF, "Powering off"),
}
