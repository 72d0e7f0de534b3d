"""The SpaceMouse as the kernel shows it, through hidapi and pyspacemouse: its tests run in a testbed of umockdev."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.drivers.under_umockdev.virtual import run_under_umockdev

USB = "/devices/pci0000:00/0000:00:14.0/usb1/1-1"
HID = f"{USB}/1-1:1.0/0003:256F:C635.0001"
NAMED = "HID_ID=0003:0000256F:0000C635\nHID_NAME=3Dconnexion SpaceMouse Compact\nHID_PHYS=usb-1/input0\nHID_UNIQ="
DESCRIPTION = f"""P: {USB}
N: bus/usb/001/002
E: DEVNAME=/dev/bus/usb/001/002
E: DEVTYPE=usb_device
E: PRODUCT=256f/c635/437
E: SUBSYSTEM=usb
A: idVendor=256f
A: idProduct=c635
A: manufacturer=3Dconnexion
A: product=SpaceMouse Compact

P: {USB}/1-1:1.0
E: DEVTYPE=usb_interface
E: PRODUCT=256f/c635/437
E: SUBSYSTEM=usb
A: bInterfaceNumber=00

P: {HID}
{"".join(f"E: {line}" + chr(10) for line in NAMED.splitlines())}E: SUBSYSTEM=hid
A: uevent={NAMED.replace(chr(10), chr(92) + "n")}

P: {HID}/hidraw/hidraw0
N: hidraw0
E: DEVNAME=/dev/hidraw0
E: SUBSYSTEM=hidraw
"""
REPORTS = bytes.fromhex("05010908a1008501c0")  # generic desktop, multi-axis controller, report 1


@pytest.mark.timeout(330)
def test_the_driver_keeps_its_contract_and_its_promises(tmp_path: Path) -> None:
    size = struct.pack("<I", len(REPORTS))
    ioctls = (
        "@DEV /dev/hidraw0 (HIDRAW)\n"
        f"HIDIOCGRDESCSIZE 0 {size.hex()}\n"
        f"HIDIOCGRDESC 0 {(size + REPORTS.ljust(4096, bytes(1))).hex()}\n"
    )
    run_under_umockdev("spacemouse.py", DESCRIPTION, ioctls, "/dev/hidraw0", tmp_path)
