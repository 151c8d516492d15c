"""The training loop; several of these are faults that others' tools have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snas_cli.errors import CandidateError
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.stopping import BestState, Scores, TimeLimit
from snas_cli.training.trainer import Course, half_precision, make_optimizer, score, train
from tests.training import made

STRONG = {"randaugment": 2, "mixup": 0.2, "cutmix": 1.0, "erase": 0.3}


def settings(**values: Any) -> TrainingSettings:
    return TrainingSettings.model_validate({"epochs": 2, **values})


def network(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
        nn.Dropout(dropout), nn.Linear(144, 3),
    )  # fmt: skip


def learn(net: nn.Module | None = None, limit: TimeLimit | None = None, **values: Any) -> Course:
    genes = {**made.GENES, **values.pop("genes", {})}
    counts = values.pop("counts", (40, 40, 40))
    return train(net or network(), genes, made.task_data(counts), settings(**values), 0, limit)


def numbers(balanced: float = 0.0, *, loss: float = 1.0, accuracy: float = 0.0) -> Scores:
    return Scores(loss, accuracy, balanced)


# --- the best state -------------------------------------------------------------------------------


def test_the_best_state_is_a_copy_and_not_a_view() -> None:
    net = nn.Linear(2, 2)
    best = BestState(TrainingSettings())
    best.offer(numbers(), net)
    kept = best.state["weight"].clone()
    with torch.no_grad():
        net.weight.add_(1)
    assert torch.equal(best.state["weight"], kept)


@pytest.mark.parametrize("monitor", ["val_acc", "val_loss", "val_balanced_acc"])
def test_improvement_is_judged_against_the_best_before(monitor: str) -> None:
    """No monitor may compare a value with itself, or stop while it improves."""
    net = nn.Linear(2, 2)
    best = BestState(settings(monitor=monitor, min_delta=0.01))
    for epoch in range(4):
        share = epoch / 10
        best.offer(numbers(share, loss=1 - share, accuracy=share), net)
        assert best.stale_epochs == 0
    best.offer(numbers(0.305, loss=0.695, accuracy=0.305), net)  # by less than min_delta
    assert best.stale_epochs == 1


@pytest.mark.parametrize("monitor", ["val_acc", "val_loss", "val_balanced_acc"])
def test_only_the_monitored_score_counts(monitor: str) -> None:
    best = BestState(settings(monitor=monitor))
    best.offer(numbers(), nn.Linear(2, 2))
    others = {
        "val_acc": numbers(0.5, loss=0.5),
        "val_loss": numbers(0.5, accuracy=0.5),
        "val_balanced_acc": numbers(loss=0.5, accuracy=0.5),
    }
    best.offer(others[monitor], nn.Linear(2, 2))
    assert best.stale_epochs == 1


def test_training_leaves_the_best_weights() -> None:
    """At a rate that overshoots, the last epoch is not the best: its weights must not be left."""
    net, data = network(), made.task_data()
    course = learn(net, epochs=6, genes={"learning_rate": 3.0}, schedule="constant")
    assert max(epoch.val_acc for epoch in course.history) == course.scores.accuracy
    assert course.history[-1].val_acc < course.scores.accuracy
    assert score(net, data.val, data) == course.scores


def test_early_stopping_stops() -> None:
    course = learn(epochs=50, patience=2, min_delta=0.9)
    assert len(course.history) == 3  # the first is best, two more go by


# --- what ends a training -------------------------------------------------------------------------


def test_a_dead_network_is_a_failure_with_a_reason() -> None:
    """A rectifier that passes nothing: more training would never help."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        net[1].bias.fill_(-1000.0)
    with pytest.raises(CandidateError, match="dead: untrained, it gives all pictures the same"):
        learn(net)


class Breaks(nn.Module):
    """Answers with no numbers from a step on."""

    def __init__(self, step: int, value: float) -> None:
        super().__init__()
        self.inner, self.steps, self.left, self.value = network(), 0, step, value

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.steps += 1
            self.left -= 1
        logits: Tensor = self.inner(images)
        return logits * self.value if self.left < 0 else logits


@pytest.mark.parametrize(("value", "shown"), [(math.nan, "nan"), (math.inf, "(nan|inf)")])
@pytest.mark.parametrize(("after", "epoch"), [(0, 1), (2, 1), (5, 2)])
def test_a_loss_that_is_no_number_ends_it_at_once(
    value: float, shown: str, after: int, epoch: int
) -> None:
    net = Breaks(after, value)
    with pytest.raises(CandidateError, match=f"^diverged: the loss was {shown} in epoch {epoch}$"):
        learn(net)
    assert net.steps == after + 1


def clock_of(seconds: Iterator[float]) -> Callable[[], float]:
    return lambda: next(seconds)


def test_the_time_limit_is_looked_at_after_each_batch() -> None:
    """A second passes at each look: four batches an epoch."""
    seconds = iter(range(100))
    with pytest.raises(CandidateError, match=r"^time limit: 9 s were over in epoch 3 of 10$"):
        learn(limit=TimeLimit(9, clock_of(seconds)), epochs=10)
    assert next(seconds) == 11


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert learn(limit=TimeLimit(1e6, clock_of(count()))) == learn()


# --- the loop -------------------------------------------------------------------------------------


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "augmented": {"augmentation": STRONG},
    "sampling": {"balance": "sampling"},
    "weights": {"balance": "weights", "augmentation": {"mixup": 0.2}},
    "one_cycle": {"schedule": "one_cycle", "monitor": "val_balanced_acc"},
}


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_weights_bit_for_bit(variant: str, optimizer: str) -> None:
    results = []
    for _ in range(2):
        net = network(dropout=0.3)
        torch.manual_seed(7)
        genes = {"optimizer": optimizer}
        course = learn(net, counts=(60, 30, 12), genes=genes, **VARIANTS[variant])
        results.append((course, net.state_dict()))
    (one, weights), (other, same) = results
    assert one == other
    assert all(torch.equal(weights[name], same[name]) for name in weights)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_it_is_the_plain_algorithm(optimizer: str) -> None:
    """The same weights, but for rounding, as from the shortest loop by the book."""
    genes = {**made.GENES, "optimizer": optimizer}
    plain = {"augmentation": {"shift": False, "flip": False}, "label_smoothing": 0.0}
    data, net, book = made.task_data(), network(), network()
    train(net, genes, data, settings(epochs=1, warm_up=0.5, **plain), seed=3)

    makers = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    more = {"momentum": 0.9, "nesterov": True} if optimizer == "sgd" else {}
    decay = 0.1 if optimizer == "adamw" else 5e-4
    by_decay: list[Any] = [
        {"params": [p for p in book.parameters() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in book.parameters() if p.ndim == 1], "weight_decay": 0},
    ]
    steps = makers[optimizer](by_decay, lr=0.01, foreach=False, **more)
    order = torch.randperm(120, generator=torch.Generator().manual_seed(3))
    images = (data.train.store.images / 255 - 0.4) / 0.2  # type: ignore[attr-defined]
    for rate, rows in zip((0.005, 0.01, 0.01, 0.005), order.split(32), strict=True):
        for group in steps.param_groups:
            group["lr"] = rate
        batch = images[rows].contiguous(memory_format=torch.channels_last)
        loss = nn.functional.cross_entropy(book(batch), data.train.labels[rows])
        steps.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(book.parameters(), 1.0)
        steps.step()
    for mine, theirs in zip(net.parameters(), book.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_the_history_has_an_epoch_a_line() -> None:
    course = learn(epochs=4, schedule="one_cycle", warm_up=0.25)
    assert len(course.history) == 4
    assert course.history[0].train_loss > course.history[-1].train_loss > 0
    assert course.history[0].learning_rate == pytest.approx(0.01)  # its last step is the height
    assert course.history[-1].learning_rate < 1e-6
    best = max(course.history, key=lambda epoch: epoch.val_acc)
    assert (best.val_loss, best.val_balanced_acc) == (
        course.scores.loss, course.scores.balanced_accuracy
    )  # fmt: skip


def test_steps_are_as_many_as_the_schedule_was_made_for() -> None:
    """The last step's rate is the last of the schedule's, however many batches there are."""
    for values in ({}, {"max_batches": 2}, {"batch_size": 7}, {"batch_size": 119}):
        course = learn(schedule="one_cycle", epochs=3, **values)
        assert course.history[-1].learning_rate == pytest.approx(0.01 / 250_000)


def test_rare_classes_weigh_more_when_they_are_balanced() -> None:
    """Pure noise, nine in ten of one class: without weights, always that one is the best guess."""
    rare: dict[str, float] = {}
    for balance in ("none", "weights", "sampling"):
        net, data = network(), made.task_data((108, 12))
        data.train.store.images.random_(0, 256, generator=torch.Generator().manual_seed(1))  # type: ignore[attr-defined]
        net[5] = nn.Linear(144, 2)
        train(net, made.GENES, data, settings(epochs=4, balance=balance), seed=0)
        with torch.no_grad():
            shares = net.eval()(torch.randn(200, 3, 8, 8)).softmax(1)
        rare[balance] = shares[:, 1].mean().item()
    assert rare["none"] + 0.15 < min(rare["weights"], rare["sampling"])


def test_accuracy_is_balanced_over_classes_that_there_are() -> None:
    """Always the second class, of which three in four are; of the third there are none."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    data = made.task_data((10, 30, 0))
    scores = score(net, data.val, data)
    assert (scores.accuracy, scores.balanced_accuracy) == (0.75, 0.5)
    right = math.log(2 + math.e) - 1
    assert scores.loss == pytest.approx(right + 0.25)


# --- the optimizer and the device -----------------------------------------------------------------


@pytest.mark.parametrize(("optimizer", "decay"), [("sgd", 5e-4), ("adam", 5e-4), ("adamw", 0.1)])
@pytest.mark.parametrize("said", [None, 0.0, 0.01])
def test_each_optimizer_is_the_one_named(optimizer: str, decay: float, said: float | None) -> None:
    genes = {**made.GENES, "optimizer": optimizer}
    made_one = make_optimizer(network(), genes, settings(weight_decay=said))
    assert type(made_one).__name__.lower() == optimizer
    used = decay if said is None else said
    assert [group["weight_decay"] for group in made_one.param_groups] == [used, 0.0]
    assert [group["foreach"] for group in made_one.param_groups] == [True, True]


def test_an_optimizer_that_nobody_knows_is_a_fault_of_the_candidate() -> None:
    with pytest.raises(CandidateError, match="there is no optimizer 'lion'"):
        make_optimizer(network(), {**made.GENES, "optimizer": "lion"}, settings())


@pytest.mark.parametrize(
    ("amp", "device", "has_bfloat16", "expected"),
    [
        ("auto", "cuda", True, torch.bfloat16),
        ("auto", "cuda", False, torch.float16),
        ("off", "cuda", True, None),
        ("auto", "cpu", True, None),
    ],
)
def test_half_precision_is_for_gpus(
    monkeypatch: pytest.MonkeyPatch,
    amp: str,
    device: str,
    has_bfloat16: bool,
    expected: torch.dtype | None,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bfloat16)
    assert half_precision(settings(amp=amp), torch.device(device)) is expected


def test_the_compiled_network_is_trained_and_the_plain_one_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    modes = []

    def compiled(net: nn.Module) -> Callable[[Tensor], Tensor]:
        def call(images: Tensor) -> Tensor:
            modes.append(net.training)
            logits: Tensor = net(images)
            return logits

        return call

    monkeypatch.setattr(torch, "compile", compiled)
    assert learn(compile=True) == learn()
    assert modes == [True] * 8


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("values", [{}, {"amp": "off"}, {"augmentation": STRONG}])
def test_it_learns_on_a_gpu(values: dict[str, Any]) -> None:
    device = torch.device("cuda")
    data, net = made.task_data().to(device), network().to(device)
    course = train(net, made.GENES, data, settings(epochs=10, **values), seed=0)
    assert course.scores.accuracy > 0.9
