"""Real devices, one file each, on the device maker's or the field's own library."""
