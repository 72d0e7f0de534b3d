"""The MuJoCo twin: it implements the arm and camera contracts, so that learning code cannot tell it from a robot."""
