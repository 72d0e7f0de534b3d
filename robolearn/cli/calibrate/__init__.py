"""``robolearn calibrate``: what a cell is, measured with a ChArUco board and the arm's own motion."""
