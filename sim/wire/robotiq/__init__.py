"""A virtual Robotiq 2F-85: its registers, over the URCap's socket and over Modbus RTU, moved by the twin's physics."""
