"""What each format makes of each family: size, agreement, accuracy, latency, seconds.

    python -m tests.benchmarks.bench_exports --sizes 28,32,224 --families cnn,mobilenet

For each family and size its textbook is trained on real pictures: Fashion-MNIST at 28 pixels,
CIFAR-10 at 32, traffic signs at 224. It is then exported in every format that is installed
here, as `snas export --format all` does. For mobilenet each format is also exported alone, to see
what all of them cost beside the slowest. Those seconds are of processor time, of this process and
those that it started, so that other programs do not count; `written in` is by the clock, and so is
what is said of writing alone.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from snas_cli.api import Exporter, Genome, ModelCard
from snas_cli.data.store import ImageSet
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.experiment.exports import TRAINING, VALIDATION, formats_of, sample
from snas_cli.export.exporting import Exported, Material, Options, export
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.registry import Registry
from snas_cli.training.candidates import Trained
from tests.archives import unpack

DATA = Path(__file__).parents[3] / "shared" / "data"
PATCHED = ("vit", "mlp_mixer")  # the smallest patches of large pictures would be thousands
SHARED = "mobilenet"  # the family whose formats are exported one by one as well


@dataclass(frozen=True)
class Course:
    """What networks of one size learn from, and how long."""

    data: dict[str, Any]  # of the recipe
    archive: str | None  # of class folders, below the data directory
    max_flops: float
    pictures: int  # to train on
    tested: int  # to compare by
    epochs: int


COURSES = {
    28: Course({"dataset": "fashion_mnist"}, None, 1e7, 4000, 1000, 4),
    32: Course({"dataset": "folder"}, "cifar10/cifar10.tar.gz", 1e7, 4000, 1000, 4),
    224: Course(
        {"dataset": "folder", "image_size": 224}, "gtsrb15/gtsrb15.tar.gz", 6e7, 1188, 400, 12
    ),
}  # fmt: skip


def seconds() -> float:
    """Of processor time, of this process and of those that it waited for."""
    return sum(os.times()[:4])


@dataclass(frozen=True)
class Place:
    """Where things lie."""

    data: Path
    scratch: Path


def assembled(family: str, size: int, seed: int, place: Place, registry: Registry) -> Assembly:
    course = COURSES[size]
    data = {**course.data, "data_dir": str(place.data)}
    if course.archive:
        folder = place.scratch / Path(course.archive).parent.name
        if not folder.exists():
            unpack(place.data / course.archive, place.scratch)
        data["path"] = str(folder)
    large = size > 32 and family in PATCHED
    space = {"families": [family], "genes": {"patch": 16} if large else {}}
    values = {"seed": seed, "data": data, "space": space}
    return assemble(check(Document("bench", values), registry), registry)


def chosen(assembly: Assembly, family: str, most: float) -> Genome:
    """The family's textbook, slimmer where it would take more FLOPs, as far as it can be."""
    space = assembly.space
    genome = space.textbook(family)
    assert genome is not None
    while assembly.workshop.cost(genome).flops > most:
        slimmer = space.slimmer(genome)
        if slimmer == genome:
            break
        genome = slimmer
    return genome


def trained(assembly: Assembly, genome: Genome, course: Course) -> Trained:
    data = assembly.workshop.data
    smaller = replace(data, train=_some(data.train, course.pictures))
    return replace(assembly.workshop, data=smaller).train(genome, course.epochs)


def _some(pictures: ImageSet, count: int) -> ImageSet:
    """A seeded sample: the splits need not be shuffled."""
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))
    return pictures[order[:count].sort().values]


def material(assembly: Assembly, genome: Genome, done: Trained, tested: int) -> Material:
    data = assembly.data.to(torch.device("cpu"))
    card = ModelCard(genome.to_json(), data.task.input_shape, data.classes, data.mean, data.std)
    parts = ((data.train, TRAINING), (data.val, min(VALIDATION, tested)), (data.test, tested))
    samples = [sample(images, data, count, pixels=False) for images, count in parts]
    network = done.network.eval().to(memory_format=torch.contiguous_format)  # as when it is read
    return Material(network, card, *samples, len(data.test))


def timed(
    exporters: Sequence[Exporter], given: Material, scratch: Path, registry: Registry
) -> tuple[list[Exported], float]:
    """The results, and the seconds that they took."""
    began = seconds()
    with TemporaryDirectory(dir=scratch) as folder:
        results = export(exporters, registry.exporter, given, Path(folder), Options())
    return results, seconds() - began


HEAD = ("| family | format | size | agreement | drop | latency | written in | largest Δ |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|")  # fmt: skip


def rows(family: str, results: Sequence[Exported]) -> Iterator[str]:
    """Sizes and latencies as ratios to those of the ONNX file in float32."""
    size = next(each.size_bytes for each in results if each.format == "onnx")
    for each in results:
        if each.accuracy is None:
            yield f"| {family} | {each.format} | {each.error or each.not_checked} |"
            continue
        yield (
            f"| {family} | {each.format} | {each.size_bytes / size:.2f} | {each.agreement:.2%} | "
            f"{100 * each.drop:+.2f} | {each.latency_ratio:.2f} | {each.seconds:.1f} s | "
            f"{each.largest_difference:.1e} |" + "".join(f" {remark}" for remark in each.remarks)
        )


def writing(results: Sequence[Exported]) -> str:
    """What it takes to write them one after another, once all is imported, next to the slowest by
    itself; both with the ONNX file that all are compared with and that some are made from."""
    seconds = {each.format: each.seconds for each in results if each.seconds is not None}
    shared, total = seconds.pop("onnx"), sum(seconds.values())
    slowest = max(seconds, key=lambda name: seconds[name])
    whole, least = shared + total, shared + seconds[slowest]
    return (f"written one after another in {whole:.2f} s, which is {whole / least:.2f} times what "
            f"{slowest} takes, {least:.2f} s")  # fmt: skip


def alone(
    exporters: Sequence[Exporter], given: Material, scratch: Path, registry: Registry
) -> tuple[list[Exported], str, float]:
    """The results, the format that takes longest by itself, and its seconds."""
    each = {one.name: timed([one], given, scratch, registry) for one in exporters}
    slowest = max(each, key=lambda name: each[name][1])
    return [result for (result,), _ in each.values()], slowest, each[slowest][1]


def bench(family: str, size: int, given: argparse.Namespace, place: Place) -> None:
    registry, course = Registry.installed(), COURSES[size]
    assembly = assembled(family, size, given.seed, place, registry)
    genome = chosen(assembly, family, course.max_flops)
    done = trained(assembly, genome, course)
    exporters = formats_of("all", registry).exporters
    subject = material(assembly, genome, done, course.tested)
    results, all_of_them = timed(exporters, subject, place.scratch, registry)
    print(*rows(family, results), sep="\n")
    accuracy = next(each.network_accuracy for each in results if each.network_accuracy is not None)
    print(f"{family}, {done.metrics['params']:,.0f} parameters, {done.metrics['flops'] / 1e6:.1f}M "
          f"FLOPs, right for {accuracy:.1%}; all formats, checks and all: {all_of_them:.1f} s",
          flush=True)  # fmt: skip
    if family == SHARED:
        results, slowest, least = alone(exporters, subject, place.scratch, registry)
        print(f"{family}: the slowest by itself is {slowest}, {least:.1f} s; all of them take "
              f"{all_of_them / least:.2f} times as long")  # fmt: skip
        print(f"{family}: {writing(results)}", flush=True)


def main() -> None:
    registry = Registry.installed()
    every = [each.name for each in registry.components("family") if each.origin.startswith("snas:")]
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--sizes", default="28,32,224", help="pixels a side")
    words.add_argument("--families", default=",".join(every))
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--data-dir", default=os.environ.get("SNAS_DATA", str(DATA)))
    given = words.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory(prefix="snas-bench-") as scratch:
        for size in map(int, given.sizes.split(",")):
            print(f"\n{size}×{size} pixels, seed {given.seed}\n\n{HEAD}", flush=True)
            for family in given.families.split(","):
                bench(family, size, given, Place(Path(given.data_dir), Path(scratch)))


if __name__ == "__main__":
    main()
