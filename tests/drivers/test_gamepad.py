"""The gamepad as the kernel shows it, through evdev: its tests run in a testbed of umockdev."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from evdev import ecodes

from tests.drivers.under_umockdev.virtual import run_under_umockdev

DEVICE = "/dev/input/event5"
EV_BYTES, KEY_BYTES = ecodes.EV_MAX // 8 + 1, ecodes.KEY_MAX // 8 + 1
PARENT = "/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/input/input9"
AXES = {
    ecodes.ABS_X: (0, -32768, 32767),
    ecodes.ABS_Y: (0, -32768, 32767),
    ecodes.ABS_Z: (0, 0, 255),
    ecodes.ABS_RX: (0, -32768, 32767),
    ecodes.ABS_RY: (0, -32768, 32767),
}
BUTTONS = (ecodes.BTN_SOUTH, ecodes.BTN_EAST, ecodes.BTN_NORTH, ecodes.BTN_WEST, ecodes.BTN_TL, ecodes.BTN_TR)
DESCRIPTION = f"""P: {PARENT}
E: NAME="Virtual Gamepad"
E: PRODUCT=3/45e/28e/110
E: SUBSYSTEM=input

P: {PARENT}/event5
N: input/event5
E: DEVNAME={DEVICE}
E: ID_INPUT=1
E: ID_INPUT_JOYSTICK=1
E: SUBSYSTEM=input
"""


def bits(codes: tuple[int, ...], length: int) -> bytes:
    """A set of codes as the kernel writes it."""
    field = bytearray(length)
    for code in codes:
        field[code // 8] |= 1 << code % 8
    return bytes(field)


def answers(**held: int) -> str:
    """What the kernel says of the gamepad when it is asked; ``held`` axes are there and not at rest."""
    axes = {code: (held.get(str(ecodes.ABS[code]), rest), low, high) for code, (rest, low, high) in AXES.items()}
    kinds = (ecodes.EV_SYN, ecodes.EV_KEY, ecodes.EV_ABS)
    lines = [
        ("EVIOCGID", 0, struct.pack("<4H", 3, 0x45E, 0x28E, 0x110)),
        ("EVIOCGVERSION", 0, struct.pack("<I", 0x10001)),
        ("EVIOCGNAME", 16, b"Virtual Gamepad".ljust(256, b"\0")),
        ("EVIOCGPHYS", 1, bytes(256)),
        ("EVIOCGUNIQ", 1, bytes(256)),
        ("EVIOCGEFFECTS", 0, bytes(4)),
        ("EVIOCGBIT(0)", 8, bits(kinds, EV_BYTES)),  # a question is known by the room it has for the answer
        ("EVIOCGBIT(0)", 8, bits(kinds, KEY_BYTES)),
        (f"EVIOCGBIT({ecodes.EV_KEY})", 96, bits(BUTTONS, KEY_BYTES)),
        (f"EVIOCGBIT({ecodes.EV_ABS})", 8, bits(tuple(AXES), KEY_BYTES)),
        ("EVIOCGKEY", 96, bytes(KEY_BYTES)),
        *((f"EVIOCGABS({code})", 0, struct.pack("<6i", *axis, 0, 0, 0)) for code, axis in axes.items()),
    ]
    return f"@DEV {DEVICE} (EVDEV)\n" + "".join(f"{name} {status} {data.hex()}\n" for name, status, data in lines)


@pytest.mark.timeout(330)
def test_the_driver_keeps_its_contract_and_its_promises(tmp_path: Path) -> None:
    run_under_umockdev("gamepad.py", DESCRIPTION, answers(), DEVICE, tmp_path)


@pytest.mark.timeout(330)
def test_a_stick_that_is_held_while_the_gamepad_is_opened_is_no_trigger(tmp_path: Path) -> None:
    run_under_umockdev("held_gamepad.py", DESCRIPTION, answers(ABS_Y=-32768), DEVICE, tmp_path)
