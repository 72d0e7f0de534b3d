"""The MuJoCo twin: it implements the arm and camera contracts, so that learning code cannot tell it from a robot."""

from robolearn.headless import choose_gl_backend

choose_gl_backend()  # whichever room of it is the first to import MuJoCo
