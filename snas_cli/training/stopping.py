"""When a training ends: no better, out of time, dead or diverged."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor, nn

from snas_cli.errors import CandidateError
from snas_cli.recipe.schema import TrainingSettings


@dataclass(frozen=True)
class Scores:
    """How a network does on one split."""

    loss: float  # mean cross-entropy
    accuracy: float  # from 0 to 1
    balanced_accuracy: float  # the mean of the accuracies in each class


@dataclass
class BestState:
    """The best weights so far by the monitored score, and how long they have not been bettered."""

    settings: TrainingSettings
    scores: Scores | None = None
    stale_epochs: int = 0
    state: dict[str, Tensor] = field(default_factory=dict)

    def offer(self, scores: Scores, network: nn.Module) -> None:
        if self.scores is None or self._gain(scores, self.scores) > self.settings.min_delta:
            self.scores, self.stale_epochs = scores, 0
            self.state = copy.deepcopy(network.state_dict())  # the live one goes on changing
        else:
            self.stale_epochs += 1

    def _gain(self, new: Scores, old: Scores) -> float:
        match self.settings.monitor:
            case "val_acc":
                return new.accuracy - old.accuracy
            case "val_loss":
                return old.loss - new.loss
            case "val_balanced_acc":
                return new.balanced_accuracy - old.balanced_accuracy


class TimeLimit:
    """Runs from when it is made."""

    def __init__(
        self,
        seconds: float | None,
        clock: Callable[[], float],
        tell: Callable[[int, int], None] | None = None,
    ) -> None:
        """`tell` is called with each epoch that has begun, and with how many there are."""
        self._seconds = seconds
        self._clock = clock
        self._began = clock()
        self._tell = tell
        self._epoch = -1

    def check(self, epoch: int, epochs: int) -> None:
        """After each step. Raises CandidateError; epochs count from 0."""
        if self._tell is not None and epoch != self._epoch:
            self._epoch = epoch
            self._tell(epoch, epochs)
        if self._seconds is not None and self._clock() - self._began > self._seconds:
            raise CandidateError(
                f"time limit: {self._seconds:g} s were over in epoch {epoch + 1} of {epochs}"
            )


def check_alive(logits: Tensor) -> None:
    """Raises CandidateError where no signal reaches the end: N×classes that differ by no more than
    rounding from picture to picture."""
    spread = (logits - logits.mean(0)).abs().max()
    if spread <= 1e-6 * logits.abs().max():
        raise CandidateError("dead: untrained, it gives all pictures the same logits")


def check_finite(loss: Tensor, epoch: int) -> None:
    """Raises CandidateError; waits for the device. A sum of losses is no number if one is none."""
    value = loss.item()
    if not math.isfinite(value):
        raise CandidateError(f"diverged: the loss was {value} in epoch {epoch + 1}")
