"""Zero-cost scores of candidates: each proxy sees the network as built, and one batch."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from functools import partial
from math import isfinite

import torch

from snas_cli.api import CandidateError, Genome, Proxy, guarded
from snas_cli.data.task_data import TaskData
from snas_cli.training.batches import Batch, Normaliser
from snas_cli.training.candidates import Workshop

PICTURES = 64  # at most; time grows with them, and scores scatter as little with 16


class ProxyBench:
    """What proxies make of a genome's network, by their names; larger is better. What a proxy gives
    depends on the run's seed and the genome, not on what was scored before or on other proxies.
    Of a proxy that fails there is no score."""

    def __init__(self, workshop: Workshop, proxies: Sequence[Proxy]) -> None:
        self._workshop = workshop
        self._proxies = tuple(proxies)
        pictures = min(PICTURES, workshop.settings.batch_size)
        self._batch = draw_batch(workshop.data, pictures, workshop.seed)

    def __call__(self, genome: Genome, names: Collection[str] | None = None) -> dict[str, float]:
        """Of all proxies, or of those of these names."""
        outcomes = {proxy.name: guarded(partial(self.score, proxy, genome))
                    for proxy in self._proxies if names is None or proxy.name in names}  # fmt: skip
        return {name: score for name, score in outcomes.items() if isinstance(score, float)}

    def score(self, proxy: Proxy, genome: Genome) -> float:
        """Raises whatever building the network or the proxy does, and CandidateError for a score
        that is not finite."""
        device = self._workshop.data.device
        network = self._workshop.build(genome).train()
        images, labels = (tensor.clone() for tensor in self._batch)  # the proxy may change them
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.enable_grad():
            torch.manual_seed(_seed(self._workshop.seed, genome, proxy))
            score = float(proxy.score(network, images, labels))
        if not isfinite(score):
            raise CandidateError(f"the proxy {proxy.name} gives {score}, and not a finite number")
        return score


def draw_batch(data: TaskData, pictures: int, seed: int) -> Batch:
    """So many training pictures (all, if there are fewer), drawn by `seed`, normalised and not
    augmented, with their labels, on the data's device."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.randperm(len(data.train), generator=generator)[:pictures]
    ((images, labels),) = data.train.batches([places.to(data.device)])
    return Normaliser(data)(images), labels


def _seed(seed: int, genome: Genome, proxy: Proxy) -> int:
    """For the chance within a proxy."""
    text = f"{seed}/{genome.fingerprint}/{proxy.name}"
    digest = hashlib.blake2b(text.encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")
