"""Builds the library through which a program sees virtual device files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from robolearn.errors import DeviceError

SOURCE = Path(__file__).with_name("device_socket.c")
LIBRARY = "device_socket.so"
COMMAND = ("cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread")


def build(folder: Path) -> Path:
    """The library, in ``folder``; a program sees the devices that starts with it in LD_PRELOAD. Raises DeviceError."""
    made = folder / LIBRARY
    try:
        subprocess.run([*COMMAND, "-o", made, SOURCE, "-ldl"], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise DeviceError("there is no C compiler (cc). Run: sudo apt-get install gcc libc6-dev") from error
    except subprocess.CalledProcessError as error:
        raise DeviceError(f"{SOURCE.name} does not compile: {error.stderr.strip()}") from error
    return made
