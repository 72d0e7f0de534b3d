"""The learner: tails the store, updates the agent at the set ratio, publishes weights, and survives every kill.

What it needs to go on lies on disk: the data in the store, everything else in one checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from robolearn.contracts import Float32
from robolearn.episodes import Batch, Cursor, EpisodeKind, EpisodeStore, ReplayBuffer
from robolearn.episodes.store import News
from robolearn.errors import ModelError
from robolearn.learning import checkpoint
from robolearn.learning.checkpoint import Checkpoint
from robolearn.learning.config import LearnerSettings
from robolearn.learning.metrics import MetricsLog
from robolearn.learning.progress_file import LearnerProgress
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.settings import ResidualSettings
from robolearn.learning.weights import WeightsFolder

POLL_S = 0.1  # between two looks at the store
IDLE_S = 0.01


class Agent(Protocol):
    """What learns."""

    @property
    def imitated(self) -> int:
        """Successes that the base policy was last cloned from; 0: it can only be the one that the run began with."""

    def update(self, batch: Batch) -> dict[str, float]:
        """One update; returns what to log."""

    def policy_weights(self) -> dict[str, Tensor]:
        """What an actor needs."""

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Inverse of :meth:`state`. Raises RuntimeError or KeyError for that of another agent."""


class Proposer(Protocol):
    """A base policy that can say what it would have done."""

    def propose(self, features: Float32, proprio: Float32) -> Float32:
        """Actions (T, A) along an episode, from features (T, C, D) and proprioception (T, P)."""


class Imitator(Protocol):
    """What clones the base policy anew, now and then."""

    def imitate(self, buffer: ReplayBuffer, last: bool = False) -> bool:
        """Clone from the buffer's successes if that is due; True if the base policy has changed."""


class Learner:
    """One learner of one run. Only one may be at work on a run folder at a time."""

    def __init__(
        self,
        run: RunFolder,
        store: EpisodeStore,
        base: Proposer,
        agent: Agent,
        imitation: Imitator,
        settings: LearnerSettings,
        residual: ResidualSettings,
        seed: int,
    ) -> None:
        """Goes on from the checkpoint if there is one. Raises ModelError if it is damaged or of another agent."""
        self._run, self._store, self._base, self._agent, self._imitation = run, store, base, agent, imitation
        self._settings, self._residual = settings, residual
        self._buffer = ReplayBuffer(store.schema)
        self._batch = self._buffer.batch(residual.batch)
        self._rng = np.random.default_rng([seed, 0x1EA2])
        self._cursor: Cursor | None = None
        self._held_back: dict[str, list[News]] = {}
        self._weights = WeightsFolder(run.weights, settings.keep_weights)
        self._metrics = MetricsLog(run.metrics)
        self._rates = _Rates()
        self._beat = 0
        self.updates = 0
        self.practice_steps = 0
        self.version = self._weights.newest()
        self._resume()

    def run(self, stop: Callable[[], bool]) -> None:
        """Learn until ``stop``, then clone once more, and leave a checkpoint and the newest weights.

        Raises StoreError and ModelError for what is damaged, OSError if the disk refuses."""
        self._look()
        if self._agent.imitated:
            self._propose_all()  # practice was recorded on the bases of its time
        self._publish()
        looked_s = saved_s = time.monotonic()
        while not stop():
            now_s = time.monotonic()
            if now_s - looked_s >= POLL_S:
                self._look()
                self._imitate()
                looked_s = now_s
            if now_s - saved_s >= self._settings.checkpoint_every_s:
                self.save()
                saved_s = now_s
            if not self._ready():
                time.sleep(IDLE_S)
                continue
            self._update()
        self._look()
        self._imitate(last=True)
        self._publish()
        self.save()

    def save(self) -> None:
        """Write the checkpoint. Raises ModelError if training has diverged, OSError if the disk refuses."""
        sampler = dict(self._rng.bit_generator.state)
        self._run.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(self._run.checkpoint, Checkpoint(self.updates, self._agent.state(), sampler))

    def _resume(self) -> None:
        saved = checkpoint.load(self._run.checkpoint)
        if saved is None:
            return
        try:
            self._agent.load_state(saved.agent)
        except (RuntimeError, KeyError, ValueError) as cause:
            raise ModelError(
                f"{self._run.checkpoint} is of a learner with other settings: {cause}. Use the settings that it began "
                "with, or remove it: learning starts anew on the same data."
            ) from cause
        self._rng.bit_generator.state = dict(saved.sampler)
        self.updates = saved.updates

    def _look(self) -> None:
        """Take in what the store has got, and say how far we are."""
        news, self._cursor = self._store.tail(self._cursor)
        for piece in news:
            if piece.episode.kind is EpisodeKind.DEMO:
                self._take_demo(piece)
            else:
                self._buffer.add(piece)
        self.practice_steps = self._buffer.practice.size
        self._beat += 1
        self._run.progress.parent.mkdir(parents=True, exist_ok=True)
        LearnerProgress(self.updates, self.practice_steps, self.version, self._beat).write(self._run.progress)

    def _take_demo(self, piece: News) -> None:
        """Hold a demonstration back until it has ended: only then can the base policy say what it would have done."""
        name = piece.episode.id
        pieces = [*self._held_back.pop(name, []), piece]
        if piece.episode.ending is None:
            self._held_back[name] = pieces
            return
        for part in pieces:
            self._buffer.add(part)
        self._propose(name)

    def _imitate(self, last: bool = False) -> None:
        """Let the base policy learn from what has succeeded; what it proposes changes with it."""
        if self._imitation.imitate(self._buffer, last):
            self._propose_all()
            self._publish()
            self.save()

    def _propose_all(self) -> None:
        """Ask the present base policy about everything, as the rows hold what earlier ones proposed."""
        for name in self._buffer.episodes:
            self._propose(name)

    def _propose(self, episode: str) -> None:
        """Ask the base policy what it would do along an episode."""
        rows = self._buffer.rows_of(episode)
        if len(rows):
            features = self._buffer.features.rows[rows][:, :, 0].astype(np.float32)
            self._buffer.set_base_actions(episode, self._base.propose(features, self._buffer.proprio.rows[rows]))

    def _ready(self) -> bool:
        """True if there is data, and an update is due for the steps practised so far."""
        has_data = bool(self._buffer.prior.size or self._buffer.practice.size)
        return has_data and self.updates < self._settings.ratio.updates_due(self.practice_steps)

    def _update(self) -> None:
        residual = self._residual
        self._buffer.sample(self._batch, residual.n_step, residual.discount, self._rng, residual.prior_share)
        self._rates.note(self._agent.update(self._batch))
        self.updates += 1
        if self.updates % self._settings.publish_every == 0:
            self._publish()
        if self.updates % self._settings.log_every == 0:
            self._metrics.write("update", {"step": self.updates, **self._rates.line()})

    def _publish(self) -> None:
        self.version = self._weights.publish(self._agent.policy_weights(), self.updates)


class _Rates:
    """Means of what updates report, between two lines of metrics."""

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {}
        self._count = 0
        self._start_s = time.monotonic()

    def note(self, figures: Mapping[str, float]) -> None:
        """Take in what one update reports."""
        self._count += 1
        for name, value in figures.items():
            self._sums.setdefault(name, []).append(value)

    def line(self) -> dict[str, Any]:
        """Means since the last line; the actor's loss is None while only critics learn."""
        now_s = time.monotonic()
        means: dict[str, Any] = {name: float(np.mean(values)) for name, values in self._sums.items()}
        rate = self._count / max(now_s - self._start_s, 1e-9)
        self._sums, self._count, self._start_s = {}, 0, now_s
        return {"actor_loss": None, **means, "updates_per_s": rate}
