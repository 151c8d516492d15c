"""The training loop."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from snas_cli.api import Genes
from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.errors import CandidateError
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.batches import plain_batches, training_batches

WARM_UP = 0.1  # of all steps: lets large learning rates start without diverging


@dataclass(frozen=True)
class Scores:
    """How a network does on one split."""

    loss: float  # mean cross-entropy
    accuracy: float  # from 0 to 1


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
        if self.settings.monitor == "val_loss":
            return old.loss - new.loss
        return new.accuracy - old.accuracy


def train(
    network: nn.Module, genes: Genes, data: TaskData, settings: TrainingSettings, seed: int
) -> Scores:
    """Trains `network` in place and leaves it with its best weights, whose validation scores are
    returned. Raises CandidateError where the network is dead from the start or the loss is no
    longer a number."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = make_optimizer(network, genes, settings)
    steps = settings.epochs * math.ceil(len(data.train) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _factor(step, steps))
    best = BestState(settings)

    for epoch in range(settings.epochs):
        network.train()
        total = torch.zeros((), device=data.device)
        for images, labels in training_batches(data, settings, generator):
            logits = network(images)
            if schedule.last_epoch == 0:  # counts steps, as we call it
                _check_alive(logits.detach())
            loss = F.cross_entropy(logits, labels, label_smoothing=settings.label_smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            optimizer.step()
            schedule.step()
            total += loss.detach()
        if not total.isfinite():
            raise CandidateError(f"diverged: the loss was {total.item()} in epoch {epoch + 1}")
        best.offer(score(network, data.val, data), network)
        if best.stale_epochs >= settings.patience:
            break

    network.load_state_dict(best.state)
    assert best.scores is not None  # there is at least one epoch
    return best.scores


def _check_alive(logits: Tensor) -> None:
    """Raises CandidateError where no signal reaches the end: N×classes that differ by no more than
    rounding from picture to picture."""
    spread = (logits - logits.mean(0)).abs().max()
    if spread <= 1e-6 * logits.abs().max():
        raise CandidateError("dead: untrained, it gives all pictures the same logits")


def make_optimizer(
    network: nn.Module, genes: Genes, settings: TrainingSettings
) -> torch.optim.Optimizer:
    """The genome's optimizer. Only weights decay: biases and norms are too few to overfit."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    rate = genes["learning_rate"]
    match genes["optimizer"]:
        case "sgd":
            return torch.optim.SGD(groups, rate, momentum=0.9, nesterov=True)
        case "adam":
            return torch.optim.Adam(groups, rate)
        case "adamw":
            return torch.optim.AdamW(groups, rate)
        case other:
            raise CandidateError(f"there is no optimizer {other!r}")


def _factor(step: int, steps: int) -> float:
    """Of the learning rate: a linear rise, then half a cosine to 0 (Loshchilov & Hutter 2017)."""
    rise = max(round(WARM_UP * steps), 1)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(steps - rise, 1)))


def score(network: nn.Module, images: ImageSet, data: TaskData) -> Scores:
    loss = correct = 0.0
    for logits, labels in predictions(network, images, data):
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        correct += (logits.argmax(1) == labels).sum().item()
    scores = Scores(loss / len(images), correct / len(images))
    if not math.isfinite(scores.loss):
        raise CandidateError(f"diverged: the loss is {scores.loss}")
    return scores


@torch.no_grad()
def predictions(
    network: nn.Module, images: ImageSet, data: TaskData
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits N×classes and labels N of each batch in order; leaves evaluation mode on."""
    network.eval()
    for batch, labels in plain_batches(images, data):
        yield network(batch), labels
