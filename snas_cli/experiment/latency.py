"""How long a network takes for one picture, in the runtime that will serve it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from snas_cli.api import CandidateError, ExportError, Genome, ModelCard
from snas_cli.experiment.assembly import Assembly
from snas_cli.registry import Registry
from snas_cli.runs.files import read_json, write_json

ROUNDS, CALLS = 5, 20  # of the rounds' medians the least counts: others only slow a machine down
WARM_UP = 5  # calls that do not count
UNSEEN = ("learning_rate", "optimizer", "dropout")  # genes that change nothing in use


class Latencies:
    """Milliseconds by structure. Each is measured once in a run and kept in its folder, so that a
    run that goes on decides by the same numbers, wherever it goes on."""

    def __init__(self, assembly: Assembly, registry: Registry) -> None:
        self._assembly = assembly
        self._exporter = registry.exporter("onnx")
        self._path: Path | None = None
        self._known: dict[str, float] = {}

    def keep_in(self, path: Path) -> None:
        """A JSON file, which may have some already."""
        self._path = path
        if path.exists():
            self._known |= read_json(path)

    def __call__(self, genome: Genome) -> float:
        """Raises CandidateError for a network that cannot be exported."""
        structure = _structure(genome)
        if structure not in self._known:
            self._known[structure] = self._measured(genome)
            if self._path is not None:
                write_json(self._path, self._known)
        return self._known[structure]

    def _measured(self, genome: Genome) -> float:
        assembly = self._assembly
        network = assembly.workshop.build(genome).cpu().eval()
        data = assembly.data
        card = ModelCard(genome.to_json(), data.task.input_shape, tuple(data.classes),
                         tuple(data.mean), tuple(data.std))  # fmt: skip
        image = np.zeros((1, *data.task.input_shape), np.float32)
        with TemporaryDirectory(prefix="snas-latency-") as folder:
            try:
                model, *_ = self._exporter.write(network, card, Path(folder))
                runtime = self._exporter.load(model)
            except ExportError as error:
                raise CandidateError(f"its latency cannot be measured: {error}") from None
        return round(milliseconds(lambda: runtime(image)), 4)


def milliseconds(
    call: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """That a call takes: the median of some, the least of a few such rounds."""
    for _ in range(WARM_UP):
        call()
    medians = []
    for _ in range(ROUNDS):
        times = []
        for _ in range(CALLS):
            began = clock()
            call()
            times.append(clock() - began)
        medians.append(median(times))
    return 1000 * min(medians)


def _structure(genome: Genome) -> str:
    """The fingerprint without what only training sees."""
    expressed = genome.phenotype or genome.genes
    same = {name: None for name in UNSEEN if name in expressed}
    return Genome(genome.family, expressed.replace(**same)).fingerprint
