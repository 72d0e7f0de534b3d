"""A station and a task as a Gymnasium environment.

``gymnasium.make("robolearn.env:robolearn/Cell-v0", task="lift_cube")``; the part before the colon may go once this
module is imported.

Observations are what a policy of this project sees: ``proprio`` as :meth:`Station.proprio` gives it, and of one
picture per camera the part that is used. Actions are shares of full scale in [-1, 1], as ``Action.values``. The reward
is 1 at the tick at which the world knows that the task has succeeded, else 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import Action, Ending, Float32, Image, Observation
from robolearn.errors import BorderError, ConfigError, DeviceError

ID = "robolearn/Cell-v0"
PROPRIO = "proprio"
Judge = Callable[[Observation], bool]
Seen = dict[str, NDArray[Any]]
METADATA: dict[str, Any] = {"render_modes": ["rgb_array"]}


class CellEnv(gymnasium.Env[Seen, Float32]):
    """One cell, stepped at the policy's rate. An episode *terminates* by success alone.

    It is *truncated* by the task's time limit or by a fault, and ``info["ending"]`` says by which. After a fault only
    :meth:`reset` goes on, and that re-arms the arm: on a real cell a person has to see to it that this is safe."""

    metadata = METADATA

    def __init__(
        self,
        station: str = "so101_twin",
        task: str = "cube_in_bin",
        judge: Judge | None = None,
        render_mode: str | None = None,
    ) -> None:
        """``judge`` decides on success in place of the world, and must where the world cannot know.

        Raises ConfigError for an unknown name or a world that does not know success, DeviceError for its devices."""
        settings, self._task = load_station(station), load_task(task)
        self.metadata = {**METADATA, "render_fps": settings.policy_hz}
        self.render_mode = render_mode
        self._station = open_station(settings, self._task)
        self._judge = judge
        if judge is None and self._station.world.succeeded() is None:
            self._station.close()
            raise ConfigError(f"station {station}: its world does not know success. Give a judge, or use a twin.")
        self._limit = round(self._task.time_limit_s * settings.policy_hz)
        self._steps, self._last = 0, self._station.observe()
        low, high = -np.inf, np.inf
        pictures = {
            name: spaces.Box(0, 255, (*camera.used_shape, 3), np.uint8) for name, camera in settings.cameras.items()
        }
        proprio = spaces.Box(low, high, (self._station.proprio_dim,), np.float32)
        self.observation_space = cast("spaces.Space[Seen]", spaces.Dict({PROPRIO: proprio, **pictures}))
        self.action_space = spaces.Box(-1.0, 1.0, self._station.action_spec.shape, np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Seen, dict[str, Any]]:
        """Bring the cell to a start state; ``info["draws"]`` says to which."""
        super().reset(seed=seed, options=options)
        drawn = self._station.reset(int(self.np_random.integers(2**31)))
        self._steps, self._last = 0, self._station.observe()
        return self._seen(), {"draws": dict(drawn)}

    def step(self, action: Float32) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """Act for one tick. Raises BorderError for an action that is not finite, in range and of the right shape."""
        values = self._station.action_spec.check(action)
        self._steps += 1
        try:
            done = self._station.act(Action(np.asarray(values, np.float32)))
            self._last = self._station.observe()
        except (DeviceError, BorderError) as fault:
            return self._seen(), 0.0, False, True, {"ending": Ending.FAULT.value, "fault": str(fault)}
        info: dict[str, Any] = {"executed": done.executed, "clips": done.clips}
        if self._succeeded():
            return self._seen(), 1.0, True, False, {**info, "ending": Ending.SUCCESS.value}
        if self._steps >= self._limit:
            return self._seen(), 0.0, False, True, {**info, "ending": Ending.TIMEOUT.value}
        return self._seen(), 0.0, False, False, info

    def render(self) -> Image | None:
        """Newest picture of the first camera (H, W, 3); None without a render mode or a camera."""
        frames = list(self._last.frames.values())
        return frames[0].rgb if self.render_mode is not None and frames else None

    def close(self) -> None:
        """Release every device."""
        self._station.close()

    def _seen(self) -> Seen:
        pictures: Mapping[str, Image] = {name: frame.rgb for name, frame in self._last.frames.items()}
        return {PROPRIO: self._station.proprio(self._last.arm), **pictures}

    def _succeeded(self) -> bool:
        return self._judge(self._last) if self._judge is not None else bool(self._station.world.succeeded())


gymnasium.register(ID, entry_point=f"{__name__}:{CellEnv.__name__}")
