"""What all replay buffers share: rows of episodes as they come in, linked into transitions, in two pools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from robolearn.contracts import Decision, Ending, Float32
from robolearn.episodes.kernels import Bool, Int64, n_step
from robolearn.episodes.reader import Columns, Episode
from robolearn.episodes.schema import EpisodeKind, Source, StoreSchema
from robolearn.episodes.store import News
from robolearn.errors import BorderError, StoreError, unknown

FIRST_CAPACITY: Final = 1024
NO_ROW: Final = -1


class Grown:
    """An array that grows by rows: contiguous, its capacity doubles."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self._data: NDArray[Any] = np.zeros((FIRST_CAPACITY, *shape), dtype)
        self.size = 0

    @property
    def rows(self) -> NDArray[Any]:
        """The rows so far, a view that the next :meth:`extend` may leave behind."""
        return self._data[: self.size]

    @property
    def row_bytes(self) -> int:
        """Memory of one row."""
        return self._data[:1].nbytes

    def extend(self, values: NDArray[Any]) -> None:
        """Append rows."""
        size = self.size + len(values)
        if size > len(self._data):
            larger = np.zeros((max(size, 2 * len(self._data)), *self._data.shape[1:]), self._data.dtype)
            larger[: self.size] = self.rows
            self._data = larger
        self._data[self.size : size] = values
        self.size = size


@dataclass(frozen=True)
class Track:
    """Rows of one episode in the buffer, in order."""

    kind: EpisodeKind
    rows: list[int] = field(default_factory=list)


class Transitions:
    """Rows of demos and practice, fed from :meth:`EpisodeStore.tail`; episodes for evaluation are left out.

    The transition that starts at row t goes to its following row. The *prior* pool has the demos, each once the
    person has judged it, and interventions, the *practice* pool all of practice. In practice a transition pays 1
    if the reward model decided SUCCESS for the observation it arrives at; in a demo the final one pays 1 if the
    person said that it succeeded. Rows of a demo that ended without a judgement are in neither pool.

    With ``residual``, rows without a base action (demos) must get theirs by :meth:`set_base_actions` before
    sampling.
    """

    def __init__(self, schema: StoreSchema, residual: bool = True) -> None:
        actions = len(schema.action_names)
        self.schema = schema
        self._residual = residual
        self.proprio = Grown((schema.proprio_dim,), np.float32)
        self.action = Grown((actions,), np.float32)
        self.base_action = Grown((actions,), np.float32)
        self.reward = Grown((), np.float32)
        self.terminal = Grown((), np.bool_)
        self.following = Grown((), np.int64)
        self.source = Grown((), np.int64)
        self.prior, self.practice = Grown((), np.int64), Grown((), np.int64)
        self.without_base_action: set[str] = set()
        self._tracks: dict[str, Track] = {}
        self._succeeded: list[str] = []

    @property
    def size(self) -> int:
        """Rows held."""
        return self.following.size

    @property
    def transitions(self) -> int:
        """Transitions that can be drawn."""
        return int((self.following.rows != NO_ROW).sum())

    @property
    def episodes(self) -> tuple[str, ...]:
        """Names of the episodes held."""
        return tuple(self._tracks)

    @property
    def row_bytes(self) -> int:
        """Memory of one row, without the observation."""
        columns = (self.proprio, self.action, self.base_action, self.reward, self.terminal, self.following)
        return sum(column.row_bytes for column in (*columns, self.source, self.prior))

    def take_in(self, news: News) -> bool:
        """Take in new rows; False if they are not for learning. Raises StoreError for a wrong order."""
        episode, columns = news.episode, news.columns
        if episode.kind is EpisodeKind.EVAL:
            return False
        track = self._tracks.setdefault(episode.id, Track(episode.kind))
        if news.first_row != len(track.rows):
            raise StoreError(f"episode {episode.id}: row {news.first_row} came after {len(track.rows)} rows")
        self._extend(episode, columns)
        before = track.rows[-1:]
        track.rows.extend(range(self.size - len(columns.acted), self.size))
        if track.kind is EpisodeKind.PRACTICE:
            self._link(track, before + track.rows[news.first_row :])
        if episode.ending and track.rows:
            self._close(episode, episode.ending, track)
        return True

    def rows_of(self, episode: str) -> Int64:
        """Rows of an episode in the arrays of this buffer. Raises BorderError if it is not held."""
        if episode not in self._tracks:
            raise BorderError(unknown("episode", episode, self._tracks))
        return np.array(self._tracks[episode].rows, dtype=np.int64)

    def set_base_actions(self, episode: str, actions: Float32) -> None:
        """Fill in what the base policy proposes for every row (rows, A) of an episode, the final one too.

        Raises BorderError for an unknown episode, a wrong shape, or values that are not finite.
        """
        rows = self.rows_of(episode)
        expected = (len(rows), len(self.schema.action_names))
        if actions.shape != expected or not np.isfinite(actions).all():
            raise BorderError(f"base actions of {episode}: need finite {expected}, got {actions.shape}")
        self.base_action.rows[rows] = actions
        self.without_base_action.discard(episode)

    def imitable(self) -> dict[str, Int64]:
        """Rows worth imitating of each episode that succeeded, the final one too: a person's from where she took over.

        Before that the policy was getting nowhere."""
        found = {}
        for name in self._succeeded:
            rows = self.rows_of(name)
            helped = np.flatnonzero(self.source.rows[rows] == Source.INTERVENTION.value)
            found[name] = rows[helped[0] :] if len(helped) else rows
        return found

    def draw(self, size: int, prior_share: float, rng: np.random.Generator) -> Int64:
        """Rows of ``size`` random transitions, the first ``prior_share`` of them from the prior pool.

        If one pool is empty, all come from the other. Raises StoreError if both are, or base actions are
        missing.
        """
        if self.without_base_action:
            raise StoreError(f"no base actions yet for {sorted(self.without_base_action)}: call set_base_actions")
        if not self.prior.size and not self.practice.size:
            raise StoreError("there is no transition to draw: record demos, or practise, first")
        split = round(size * prior_share) if self.prior.size and self.practice.size else size * bool(self.prior.size)
        parts = [(self.prior, split), (self.practice, size - split)]
        drawn = [pool.rows[rng.integers(0, pool.size, count)] for pool, count in parts if count]
        return np.concatenate(drawn)

    def returns(self, rows: Int64, steps: int, gamma: float, end: Int64, reward: Float32, discount: Float32) -> None:
        """n-step returns into ``end``, ``reward``, ``discount``; see :func:`kernels.n_step`."""
        following, terminal = self.following.rows, self.terminal.rows
        n_step(rows, following, self.reward.rows, terminal, steps, gamma, end, reward, discount)

    def _extend(self, episode: Episode, columns: Columns) -> None:
        missing = np.isnan(columns.base_action)
        if self._residual and missing[columns.acted].any():
            self.without_base_action.add(episode.id)
        decided: Bool = columns.decision == Decision.SUCCESS.value
        judged = episode.kind is not EpisodeKind.DEMO
        self.proprio.extend(columns.proprio)
        self.action.extend(columns.executed)
        self.base_action.extend(np.where(missing, np.float32(0), columns.base_action))
        self.reward.extend((decided & judged).astype(np.float32))
        self.terminal.extend(np.zeros(len(decided), np.bool_))
        self.following.extend(np.full(len(decided), NO_ROW))
        self.source.extend(columns.source)

    def _link(self, track: Track, chain: list[int]) -> None:
        """Make transitions of consecutive rows, and put them into their pools."""
        starts = np.array(chain[:-1], dtype=np.int64)
        self.following.rows[starts] = chain[1:]
        if track.kind is EpisodeKind.DEMO:
            self.prior.extend(starts)
        else:
            self.prior.extend(starts[self.source.rows[starts] == Source.INTERVENTION.value])
            self.practice.extend(starts)

    def _close(self, episode: Episode, ending: Ending, track: Track) -> None:
        last = track.rows[-1]
        if track.kind is EpisodeKind.DEMO:
            if not episode.judged:
                self.without_base_action.discard(episode.id)
                return
            self._link(track, track.rows)
            self.reward.rows[last] = episode.record.label
        self.terminal.rows[last] = ending.terminated
        if ending is Ending.SUCCESS:
            self._succeeded.append(episode.id)
