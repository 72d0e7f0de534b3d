"""A virtual bus of Dynamixel X servos: protocol 2.0, and one control table a servo."""
