"""Choose an OpenGL backend for rendering without a display, before MuJoCo is imported."""

from __future__ import annotations

import ctypes.util
import os


def choose_gl_backend() -> str:
    """Set ``MUJOCO_GL`` if it is unset (EGL first, then OSMesa) and return it.

    MuJoCo reads the variable at its first import, so every module that imports mujoco calls this before."""
    if "MUJOCO_GL" not in os.environ:
        found = [name for name, library in (("egl", "EGL"), ("osmesa", "OSMesa")) if ctypes.util.find_library(library)]
        os.environ["MUJOCO_GL"] = found[0] if found else "egl"
    return os.environ["MUJOCO_GL"]
