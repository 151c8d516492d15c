"""What a search may cost in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snas_cli.api import Trial


@dataclass(frozen=True)
class Budget:
    """Each limit is optional. A search that has spent one ends with what it has."""

    trials: int | None = None  # candidates that are trained
    epochs: float | None = None  # of training, by all candidates together
    seconds: float | None = None  # of the whole run, with its finale and earlier attempts
    elapsed: Callable[[], float] = lambda: 0.0  # seconds that the run has taken so far
    reserve: Callable[[Sequence[Trial]], float] = lambda _trials: 0.0  # seconds the finale needs

    def spent(self, trials: Sequence[Trial]) -> str | None:
        """The limit that these trials have used up, in words."""
        if self.trials is not None and len(trials) >= self.trials:
            return f"{self.trials} trials"
        if self.epochs is not None and epochs_of(trials) >= self.epochs:
            return f"{self.epochs:g} epochs"
        if self.is_late(trials):
            return f"{self.seconds:.0f} seconds, less what the finale needs"
        return None

    def is_late(self, trials: Sequence[Trial]) -> bool:
        """Is the time of the search up?"""
        return self.seconds is not None and self._seconds_left(trials) <= 0

    def allows_another(self, generations: int, trials: Sequence[Trial]) -> bool:
        """Is there time for half of a generation, if it takes as long as those before it?"""
        if self.seconds is None or not generations:
            return True
        return self._seconds_left(trials) > self.elapsed() / generations / 2

    def room(self, trials: Sequence[Trial]) -> int | None:
        """How many trials more there may be; None for any number."""
        return None if self.trials is None else max(self.trials - len(trials), 0)

    def _seconds_left(self, trials: Sequence[Trial]) -> float:
        """For the search: at least half of the time is its own."""
        assert self.seconds is not None  # or nobody would ask
        return self.seconds - self.elapsed() - min(self.reserve(trials), self.seconds / 2)


def epochs_of(trials: Sequence[Trial]) -> float:
    """Of all training together; a trial counts the epochs of its architecture's earlier ones, and
    a repeated one has had none of its own."""
    most: dict[str, float] = {}
    for trial in trials:
        epochs = trial.metrics.get("epochs", 0)
        most[trial.genome.fingerprint] = max(most.get(trial.genome.fingerprint, 0), epochs)
    return sum(most.values())
