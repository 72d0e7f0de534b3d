"""Reads the tables of all servos of an arm, or says why some of them do not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calibration.joints import ServoScale
from drivers.servo_bus import TRIES, ServoBus
from robolearn.errors import DeviceError

SCAN = range(1, 21)
Tables = Mapping[int, bytes]


def tables_of(bus: ServoBus, scales: Mapping[str, ServoScale], address: int, size: int, bauds: Sequence[int]) -> Tables:
    """Registers of every servo, by id. Raises DeviceError, naming who does not answer and why."""
    tables: dict[int, bytes] = {}
    ids = [scale.id for scale in scales.values()]
    for _ in range(TRIES):
        lacking = [servo for servo in ids if servo not in tables]
        if not lacking:
            return tables
        tables |= {servo: block.data for servo, block in bus.blocks(lacking, address, size).items()}
    if len(tables) < len(ids):
        raise DeviceError(_absent(bus, scales, [servo for servo in ids if servo not in tables], bauds))
    return tables


def _absent(bus: ServoBus, scales: Mapping[str, ServoScale], ids: list[int], bauds: Sequence[int]) -> str:
    """Why some servos do not answer."""
    names = {scale.id: name for name, scale in scales.items()}
    garbage = bus.garbage
    bus.blocks(ids, bus.wire.probe, 1)
    calls = {} if bus.garbage == garbage else {servo: bus.ping(servo) for servo in ids}
    garbled = [f"{servo} ({names[servo]})" for servo, call in calls.items() if call != "silent"]
    if garbled:
        return (
            f"answers of servo {', '.join(garbled)} on {bus.path} are garbled: two servos probably have that id, or "
            "the line is bad. Connect the servos one by one, and give each its own id."
        )
    if len(ids) == len(names):
        return _nobody(bus, ids[0], bauds)
    others = bus.blocks([servo for servo in SCAN if servo not in names], bus.wire.probe, 1)
    return (
        f"no answer on {bus.path} from servo {', '.join(f'{servo} ({names[servo]})' for servo in ids)}; ids that "
        f"answer besides those of the file: {', '.join(map(str, others)) or 'none'}. Check the cable to that servo, "
        "or give it the id of the file."
    )


def _nobody(bus: ServoBus, servo: int, bauds: Sequence[int]) -> str:
    """Why not one servo answers: another baud rate, or no power."""
    bus.close()
    for baud in (baud for baud in bauds if baud != bus.baud):
        other = ServoBus(bus.wire, bus.path, baud, bus.patience_s)
        other.open()
        try:
            heard = other.ping(servo)
        finally:
            other.close()
        if heard == "answers":
            return f"the servos on {bus.path} talk at {baud} bits/s, not {bus.baud}: correct 'baud' in the file"
    return (
        f"the port {bus.path} is there, and no servo answers: is the arm's power supply on, and the cable between the "
        "adapter and the first servo plugged in?"
    )
