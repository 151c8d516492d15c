"""What the training loop costs over the arithmetic that it is there for.

    python -m tests.benchmarks.bench_training [--repeats 7] [--steps 60]

Everything is measured side by side, in turns, in one run on one core, in seconds of processor time
but for the table with workers. Of each thing the quickest turn counts, for what else the machine
does can only add to it.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from snas_cli.api import DataRequest
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.genome import Genes
from snas_cli.recipe.schema import DataSettings, TrainingSettings
from snas_cli.registry import Registry
from snas_cli.training.batches import Normaliser, training_batches
from snas_cli.training.trainer import make_optimizer, train
from tests.archives import unpack

DATA = Path(os.environ.get("SNAS_DATA", Path(__file__).parents[3] / "shared" / "data"))
MOST_EPOCHS = 64
PICTURES, CLASSES, SIDE, BATCH = 4000, 10, 32, 32
GENES = Genes({"learning_rate": 0.003, "optimizer": "adamw"})
AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "as they are": {"shift": False, "flip": False},
    "shifted": {"shift": True, "flip": False},
    "shifted, flipped": {"shift": True, "flip": True},
    "… erased": {"shift": True, "flip": True, "erase": 0.25},
    "… mixed up": {"shift": True, "flip": True, "mixup": 0.2},
    "… RandAugment 2": {"shift": True, "flip": True, "randaugment": 2},
}


def cnn(channels: int, classes: int) -> nn.Module:
    """Three 3×3 convolutions of 16, 32 and 64 filters, each with batch norm, ReLU and pooling."""
    layers: list[nn.Module] = []
    for before, after in ((channels, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))
    return network.to(memory_format=torch.channels_last)


def settings(augmentation: str, **values: Any) -> TrainingSettings:
    chosen = {"batch_size": BATCH, "augmentation": AUGMENTATIONS[augmentation], **values}
    return TrainingSettings.model_validate(chosen)


# --- what is compared -----------------------------------------------------------------------------


def bare(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Forward, backward, step, and nothing else."""
    optimizer = make_optimizer(network, GENES, TrainingSettings())
    network.train()
    for images, labels in batches:
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def drain(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


def with_pillow(folder: Path, data: TaskData, *, workers: int) -> Iterable[tuple[Tensor, Tensor]]:
    """As most tutorials do it."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, Normalize, ToTensor

    pictures = ImageFolder(folder, Compose([ToTensor(), Normalize(data.mean, data.std)]))
    return DataLoader(pictures, BATCH, shuffle=True, num_workers=workers)


def timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    call()
    return clock() - began


def show(
    title: str,
    repeats: int,
    calls: dict[str, Callable[[], object]],
    clock: Callable[[], float] = time.process_time,
) -> None:
    """The first of `calls` is what the others are compared with."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()  # once unmeasured
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(timed(call, clock))
    first = next(iter(times.values()))
    print(f"\n{title}")
    for name, each in times.items():
        ratio = min(each) / min(first)
        print(f"  {name:<34}{1e3 * min(each):>9.1f} ms   time × {ratio:>6.3f}   "
              f"speed × {1 / ratio:>6.3f}")  # fmt: skip


# --- the data -------------------------------------------------------------------------------------


def write_pictures(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        path = folder / f"class{number % CLASSES}" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(path)


def load(name: str, path: Path | None, data_dir: Path, cache: Path, **values: Any) -> TaskData:
    dataset, request = Registry.installed().dataset(name), DataRequest(path, data_dir)
    return prepare(dataset, request, DataSettings(dataset=name, **values), 0, Kept(cache))


@dataclass(frozen=True)
class Pictures:
    """The same pictures, in three forms."""

    folder: Path  # PNG
    data: TaskData  # from the mapped file, with next to nothing to judge by
    batches: list[tuple[Tensor, Tensor]]  # normalised, in memory

    @staticmethod
    def made(folder: Path, cache: Path, steps: int) -> Pictures:
        write_pictures(folder)
        data = load("folder", folder, folder, cache, val_fraction=0.1, test_fraction=0.1)
        data = replace(data, val=data.val[torch.arange(2)])
        normalise = Normaliser(data)
        groups = torch.arange(steps * BATCH).split(BATCH)
        batches = [(normalise(images), labels) for images, labels in data.train.batches(groups)]
        return Pictures(folder, data, batches)


# --- the tables -----------------------------------------------------------------------------------


def overhead(pictures: Pictures, repeats: int, steps: int) -> None:
    network, fixed = cnn(3, CLASSES), pictures.batches[0]
    calls: dict[str, Callable[[], object]] = {
        "bare loop, one fixed batch": lambda: bare(network, [fixed] * steps)
    }
    for name in AUGMENTATIONS:
        chosen = settings(name, epochs=1, max_batches=steps)
        calls[f"trainer, {name}"] = partial(train, network, GENES, pictures.data, chosen, 0)
    show(f"The loop: {steps} steps of a CNN 16-32-64, {BATCH} pictures 3×{SIDE}×{SIDE}",
         repeats, calls)  # fmt: skip


def loading(pictures: Pictures, repeats: int, steps: int) -> None:
    data, network = pictures.data, cnn(3, CLASSES)
    generator = torch.Generator().manual_seed(0)
    plain = settings("as they are")

    def mapped() -> Iterable[tuple[Tensor, Tensor]]:
        return islice(training_batches(data, plain, generator), steps)

    def pillow(workers: int) -> Iterable[tuple[Tensor, Tensor]]:
        return islice(with_pillow(pictures.folder, data, workers=workers), steps)

    show(f"Training on {steps} batches in the bare loop", repeats, {
        "tensors in memory": lambda: bare(network, pictures.batches),
        "mapped cache": lambda: bare(network, mapped()),
        "PNG, DataLoader": lambda: bare(network, pillow(0)),
    })  # fmt: skip
    show(f"{steps} batches alone, by the clock on the wall", repeats, {
        "mapped cache": lambda: drain(mapped()),
        "PNG, DataLoader": lambda: drain(pillow(0)),
        "PNG, DataLoader, 2 workers": lambda: drain(pillow(2)),
    }, time.perf_counter)  # fmt: skip


def times_to_accuracy(cache: Path) -> None:
    """For a network that trains in minutes on two cores; with a worse one it would take longer."""
    if not DATA.is_dir():
        print(f"\nthere is no {DATA}; SNAS_DATA names the folder of the sets")
        return
    time_to_accuracy("Fashion-MNIST", load("fashion_mnist", None, DATA, cache), 0.85)
    with TemporaryDirectory() as folder:
        unpack(DATA / "cifar10" / "cifar10.tar.gz", Path(folder))
        data = load("folder", Path(folder, "cifar10"), DATA, cache)
        time_to_accuracy("A fifth of CIFAR-10", replace(data, mirrored=True), 0.6)


def time_to_accuracy(title: str, data: TaskData, wanted: float) -> None:
    """The schedule of one epoch, then of two, of four, and so on, until one is enough."""
    genes = Genes({"learning_rate": 0.01, "optimizer": "adamw"})
    print(f"\n{title}, {len(data.train):,} pictures, CNN 16-32-64: to {wanted:.0%} on validation")
    epochs, accuracy = 1, 0.0
    while accuracy < wanted and epochs <= MOST_EPOCHS:
        torch.manual_seed(0)
        network = cnn(data.task.input_shape[0], len(data.classes))
        chosen = settings("shifted, flipped", epochs=epochs, batch_size=128)
        began, busy = time.perf_counter(), time.process_time()
        accuracy = train(network, genes, data, chosen, 0).scores.accuracy
        print(f"  {epochs} epochs: {accuracy:.3f} in {time.process_time() - busy:.1f} s of the "
              f"processor, {time.perf_counter() - began:.1f} s by the clock")  # fmt: skip
        epochs *= 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder, TemporaryDirectory() as cache:
        pictures = Pictures.made(Path(folder), Path(cache), given.steps)
        overhead(pictures, given.repeats, given.steps)
        loading(pictures, given.repeats, given.steps)
        times_to_accuracy(Path(cache))


if __name__ == "__main__":
    main()
