"""Steps per second of gym-hil's Panda pick-cube environment with its two cameras at 128 x 128."""

from __future__ import annotations

import os

from common import parse_arguments, report


def main() -> None:
    """Step with random actions. Resets are part of the time; the pause that it makes after each is not."""
    arguments = parse_arguments(__doc__ or "")
    os.environ.setdefault("MUJOCO_GL", "egl")

    import gym_hil  # noqa: F401 - registers the environments
    import gymnasium
    from common import calls_per_second

    env = gymnasium.make("gym_hil/PandaPickCube-v0", image_obs=True, reset_delay_seconds=0.0)
    env.action_space.seed(0)
    observation, _ = env.reset(seed=0)
    shapes = [list(observation["pixels"][name].shape) for name in ("front", "wrist")]

    def step() -> None:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()

    rate = calls_per_second(step, arguments.seconds, warm_up=2)
    settings = {
        "environment": "gym_hil/PandaPickCube-v0",
        "images": shapes,
        "physics_steps_per_step": env.unwrapped._n_substeps,
        "gl": os.environ["MUJOCO_GL"],
        "threads": arguments.threads,
    }
    env.close()
    report({"steps_per_s": rate}, settings, ("gym-hil", "mujoco", "gymnasium", "numpy"))


if __name__ == "__main__":
    main()
