"""How long a network takes for one picture, in the runtime that will serve it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from snas_cli.api import CandidateError, ExportError, Failure, Genome, ModelCard, Runtime, guarded
from snas_cli.errors import RunError
from snas_cli.experiment.assembly import Assembly
from snas_cli.export.sources import bare_source
from snas_cli.registry import Registry
from snas_cli.runs.documents import LATENCIES, read_checked
from snas_cli.runs.files import write_json
from snas_cli.training.cost import TRAINING, structure_of

LATENCY = "latency_ms"
ROUNDS, CALLS = 7, 15
WARM_UP = 5  # calls of a round that do not count
SLOW = 1.2  # times what the reference takes at best: then the machine has other things to do
PATIENCE = 5  # times as many rounds at most, while it is slow
UNSEEN = (*TRAINING, "dropout")  # genes that change nothing in use
CLEARLY = 1.25  # times the limit: what has more of everything than such a network is over it, too


@dataclass(frozen=True)
class Reading:
    """Of one structure."""

    family: str
    params: float
    flops: float
    activation_bytes: float
    ms: float | None = None
    reason: str | None = None  # why it cannot be measured

    def is_less_than(self, family: str, cost: Mapping[str, float]) -> bool:
        """Has it less of everything, or as much, than one of this cost?"""
        counted = ("params", "flops", "activation_bytes")
        return self.family == family and all(getattr(self, n) <= cost[n] for n in counted)


class Latencies:
    """By structure. Each is measured once in a run and kept in its folder, so that a run that goes
    on decides by the same numbers, wherever it goes on."""

    def __init__(self, assembly: Assembly, registry: Registry) -> None:
        self._assembly = assembly
        self._registry = registry
        self._timer = Timer()
        self._path: Path | None = None
        self._known: dict[str, Reading] = {}

    def keep_in(self, path: Path) -> None:
        """A JSON file, which may have some already; they count. Raises RunError."""
        new = self._known
        self._path = path
        self._known = {**new, **(_read(path) if path.exists() else {})}
        if new:
            self._write()

    def __call__(self, genome: Genome) -> float:
        """Raises CandidateError for a network that cannot be exported or run."""
        structure = structure_of(genome, UNSEEN)
        if structure not in self._known:
            self._known[structure] = self._reading(genome)
            self._write()
        reading = self._known[structure]
        if reading.ms is None:
            raise CandidateError(f"its latency cannot be measured: {reading.reason}")
        return reading.ms

    def surely_over(self, genome: Genome, cost: Mapping[str, float], limit: float) -> bool:
        """Is it as large in every way as one of its family that is clearly over the limit, so that
        it need not be measured? What a run has measured later never takes a yes back, so a run that
        goes on says the same."""
        return structure_of(genome, UNSEEN) not in self._known and any(
            reading.ms is not None
            and reading.ms > CLEARLY * limit
            and reading.is_less_than(genome.family, cost)
            for reading in self._known.values()
        )

    def _write(self) -> None:
        if self._path is not None:
            write_json(self._path, {name: vars(r) for name, r in self._known.items()})

    def _reading(self, genome: Genome) -> Reading:
        cost = self._assembly.workshop.cost(genome)
        reading = Reading(genome.family, cost.params, cost.flops, cost.activation_bytes)
        measured = guarded(partial(self._measured, genome))
        if isinstance(measured, Failure):
            return replace(reading, reason=measured.reason)
        return replace(reading, ms=measured)

    def _measured(self, genome: Genome) -> float:
        image = np.zeros((1, *self._assembly.data.task.input_shape), np.float32)
        runtime = self._exported(genome)
        return round(self._timer.milliseconds(lambda: runtime(image)), 4)

    def _exported(self, genome: Genome) -> Runtime:
        """With its first weights: the time does not depend on what they are."""
        data, exporter = self._assembly.data, self._registry.exporter("onnx")
        network = self._assembly.workshop.build(genome).cpu().eval()
        card = ModelCard(genome.to_json(), data.task.input_shape, tuple(data.classes),
                         tuple(data.mean), tuple(data.std))  # fmt: skip
        with TemporaryDirectory(prefix="snas-latency-") as folder:
            try:
                written = exporter.write(bare_source(network, card), Path(folder))
                return exporter.load(written.files[0])
            except ExportError as error:
                raise CandidateError(str(error)) from None


class Timer:
    """Times calls, in rounds. The median of each round counts, and of these the least: whatever
    else the machine does only makes a call slower.

    The first call that it is given becomes its reference, which is timed again in every round of
    all that follow: where it takes longer than it did, the machine is slow, and more rounds are
    added.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._reference: Callable[[], object] | None = None
        self._best = inf  # seconds that the reference takes

    def milliseconds(self, call: Callable[[], object]) -> float:
        reference = self._reference = self._reference or call
        least = now = inf
        for rounds in range(1, PATIENCE * ROUNDS + 1):
            least = min(least, self._median(call))
            now = min(now, self._median(reference))
            self._best = min(self._best, now)
            if rounds >= ROUNDS and now <= SLOW * self._best:
                break
        return 1000 * least

    def _median(self, call: Callable[[], object]) -> float:
        for _ in range(WARM_UP):
            call()
        seconds = []
        for _ in range(CALLS):
            began = self._clock()
            call()
            seconds.append(self._clock() - began)
        return median(seconds)


def _read(path: Path) -> dict[str, Reading]:
    try:
        readings = read_checked(path, LATENCIES).items()
    except RunError as error:
        raise RunError(f"{error}; delete it, and what is asked for is measured again") from None
    return {structure: Reading(**known) for structure, known in readings}
