"""What ``robolearn bench ros`` measures: the way from a camera's frame to the arm, beside two bare processes of DDS."""
