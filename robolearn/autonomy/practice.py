"""Practice from start to stop rule: an actor in this process, its learner in another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from robolearn.autonomy.actor import Actor, Practised, Tally
from robolearn.contracts import Ending, TeleopEvent
from robolearn.errors import DeviceError
from robolearn.learning.config import PracticeSettings
from robolearn.learning.metrics import MetricsLog


@dataclass
class Practice:
    """Runs episodes until the budget is spent, the newest episodes succeed often enough, or a person aborts."""

    actor: Actor
    settings: PracticeSettings
    metrics: MetricsLog
    watch: Callable[[], None]  # looks after the learner, between episodes
    report: Callable[[Practised], None]

    def run(self) -> Practised:
        """Practise; goes on from what the store holds.

        Raises DeviceError after faults in a row, StoreError and ModelError."""
        practised = Practised.of(self.actor.store)
        faults = 0
        self.report(practised)
        while not self.done(practised):
            self.watch()
            tally = self.actor.episode(practised)
            faults = faults + 1 if tally.ending is Ending.FAULT else 0
            practised = practised.after(tally)
            self._log(practised, tally)
            self.report(practised)
            if tally.event is TeleopEvent.ABORT:
                break
            if faults >= self.settings.faults_in_a_row:
                raise DeviceError(
                    f"{faults} episodes in a row were cut short by a fault: a person has to look at the cell. "
                    f"The last one: {tally.fault}"
                )
        return practised

    def done(self, practised: Practised) -> bool:
        """True if the budget is spent, or the target reached."""
        rate = practised.success_rate(self.settings.target_episodes)
        return practised.steps >= self.settings.robot_steps or (rate or 0.0) >= self.settings.target_success

    def _log(self, practised: Practised, tally: Tally) -> None:
        line = {
            "index": practised.episodes - 1,
            "steps": tally.steps,
            "robot_steps": practised.steps,
            "success": tally.ending is Ending.SUCCESS,
            "ending": tally.ending.value,
            "intervention_steps": tally.intervention_steps,
            "clips": tally.clips,
            "return": tally.reward,
        }
        self.metrics.write("episode", line)
