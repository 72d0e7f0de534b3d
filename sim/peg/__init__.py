"""The UR cell of the twin: a peg in the gripper, a block with a hole, and what brings the one into the other."""
