"""Layers: the gene that is a list of records."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from math import log, sqrt
from random import Random
from typing import Any, Self

from snas_cli.genome.genes import Gene, Genes, Ordinal, Value
from snas_cli.genome.records import (
    check_conditions,
    count_records,
    encode_record,
    extreme_records,
    fit_record,
    mutate_record,
    parse_record,
    record_similarity,
    sample_record,
)

MOST = 100  # layers that a recipe may ask for


class Layers(Gene):
    """A list of `least` to `most` records, one for each layer, each with the genes of `item`."""

    def __init__(
        self,
        least: int,
        most: int,
        item: Mapping[str, Gene],
        *,
        when: Mapping[str, Value] | None = None,
        role: str | None = None,
    ) -> None:
        super().__init__(when, role)
        if not 1 <= least <= most:
            raise ValueError(f"Layers needs 1 <= least <= most, got {least} and {most}")
        check_conditions(item)
        self.least, self.most, self.item = least, most, dict(item)
        record = Genes({name: gene.rest for name, gene in self.item.items()})
        self._rest = (record,) * least

    def __repr__(self) -> str:
        return f"Layers({self.least}, {self.most}, {self.item!r})"

    @property
    def rest(self) -> Value:
        return self._rest

    @property
    def allowed(self) -> str:
        return f"a list of {self.least} to {self.most} layers"

    @property
    def size(self) -> int:
        records = count_records(self.item)
        return sum(records**count for count in range(self.least, self.most + 1))

    @property
    def extremes(self) -> tuple[Value, Value]:
        lowest, highest = extreme_records(self.item)
        return (lowest,) * self.least, (highest,) * self.most

    def customised(self, wish: Any) -> Self:
        """`wish` is the number of layers, or the least and the most."""
        least, most = wish if isinstance(wish, list | tuple) and len(wish) == 2 else (wish, wish)
        whole = all(isinstance(n, int) and not isinstance(n, bool) for n in (least, most))
        if not whole or not self.least <= least <= most <= MOST:
            raise ValueError(
                f"{wish} is not a number of layers from {self.least} to {MOST}, "
                "or the least and the most of them, such as [2, 8]"
            )
        return self.bounded(least, most)

    def widened(self) -> Self:
        item = {name: gene.widened() for name, gene in self.item.items()}
        return self._changed(self.least, MOST, item)

    def bounded(self, least: int, most: int) -> Self:
        """The same gene with other bounds."""
        return self._changed(least, most, self.item)

    def with_item(self, item: Mapping[str, Gene]) -> Self:
        """The same gene with other genes for each layer."""
        return self._changed(self.least, self.most, item)

    def _changed(self, least: int, most: int, item: Mapping[str, Gene]) -> Self:
        twin = copy(self)
        twin.least, twin.most, twin.item = least, most, dict(item)
        return twin

    def parse(self, value: Any) -> Value:
        if not isinstance(value, list | tuple) or not self.least <= len(value) <= self.most:
            raise ValueError(f"needs {self.allowed}")
        layers: list[Genes] = []
        faults: list[str] = []
        for i, layer in enumerate(value):
            try:
                layers.append(parse_record(self.item, layer, f"layer {i}"))
            except ValueError as fault:
                faults.append(str(fault))
        if faults:
            raise ValueError("; ".join(faults))
        return tuple(layers)

    def sample(self, rng: Random) -> Value:
        """Short stacks are likelier (two more than `least` on average), for a search starts simple;
        deep ones are reached by mutation, where they pay."""
        count = self.least
        while count < self.most and rng.random() < 2 / 3:
            count += 1
        return tuple(self._new_layer(rng) for _ in range(count))

    def fit(self, value: Any, rng: Random) -> Value:
        """Layer by layer; what is too long loses its last, what is too short gets new ones."""
        if not isinstance(value, tuple):
            return self.sample(rng)
        layers = [fit_record(self.item, layer, rng) for layer in value[: self.most]]
        layers += [self._new_layer(rng) for _ in range(self.least - len(layers))]
        return tuple(layers)

    def _new_layer(self, rng: Random) -> Genes:
        return sample_record(self.item, rng)

    def resized(self, value: Value) -> Value:
        """With as many layers as are allowed: some evenly left out, or evenly doubled."""
        count = min(max(len(value), self.least), self.most)
        return tuple(value[i * len(value) // count] for i in range(count))

    def slimmer(self, value: Value) -> Value:
        """Every number of every layer at the next lower option, where there is one."""
        return tuple(
            layer.replace(**{name: gene.below(layer[name])
                             for name, gene in self.item.items() if isinstance(gene, Ordinal)})
            for layer in value
        )  # fmt: skip

    def mutate(self, value: Value, rng: Random, rate: float) -> Value:
        layers = tuple(mutate_record(self.item, layer, rng, rate) for layer in value)
        return self.step(layers, rng) if rng.random() < rate else layers

    def step(self, value: Value, rng: Random) -> Value:
        """One layer more, at a random place, or one less; as it is where neither is allowed."""
        moves = [move for move, fits in (
            ("add", len(value) < self.most),
            ("remove", len(value) > self.least),
        ) if fits]  # fmt: skip
        if not moves:
            return value
        if rng.choice(moves) == "add":
            where = rng.randint(0, len(value))
            return (*value[:where], self._new_layer(rng), *value[where:])
        where = rng.randrange(len(value))
        return (*value[:where], *value[where + 1 :])

    def cross(self, one: Value, other: Value, rng: Random) -> Value:
        """Single-point crossover: the first layers of `one`, the rest from `other`."""
        cut = rng.randint(0, min(len(one), len(other)))
        return (*one[:cut], *other[cut:])

    def encode(self, value: Value) -> tuple[float, ...]:
        """The number of layers, on a logarithmic scale; then the first layer, the last and the mean
        of all. They are scaled, for a stack is one gene among others, however many it has."""
        records = [encode_record(self.item, layer) for layer in value]
        means = (sum(numbers) / len(records) for numbers in zip(*records, strict=True))
        depth = log(len(value)) / log(max(self.most, 2))
        share = 1 / sqrt(1 + 3 * len(self.item))  # so that stacks as unlike as can be are 1 apart
        return tuple(share * number for number in (depth, *records[0], *records[-1], *means))

    def similarity(self, one: Value, other: Value) -> float:
        """Mean over positions; a position that only one of them has counts as unlike."""
        pairs = zip(one, other, strict=False)
        alike = sum(record_similarity(self.item, mine, yours) for mine, yours in pairs)
        return alike / max(len(one), len(other))
