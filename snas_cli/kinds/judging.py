"""What judges candidates in place of training, and before it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from snas_cli.genome import Genome
from snas_cli.kinds.trials import Evaluation

if TYPE_CHECKING:
    from torch import Tensor, nn


class Evaluator(ABC):
    """What judges candidates in place of training: a table, a simulator, a service."""

    name: ClassVar[str]
    summary: ClassVar[str]

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` are the recipe's evaluator.options. Raises SearchError."""
        self.options = options

    @abstractmethod
    def evaluate(self, genome: Genome) -> Evaluation:
        """The same for the same genome, always. Raises CandidateError where it has no score.

        Called in the process of the search, one candidate after the other, whatever the executor;
        what takes long should be sent elsewhere by the evaluator itself."""

    def cost(self, genome: Genome) -> Mapping[str, float]:
        """What is known of it before, by the names of limits without `max_`: params, flops."""
        return {}


class Proxy(ABC):
    """A zero-cost score: meant to tell good networks from bad ones before they are trained."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        """Larger for better. `network` is freshly initialised, in training mode and the proxy's own
        to change; `images` are one training batch, float32 N×C×H×W, normalised, with `labels` N.
        All chance is torch's, which is seeded. Raises CandidateError."""
