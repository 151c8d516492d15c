"""Genes: the decisions that make up an architecture, each declared as data.

A gene knows its values, so that sampling, mutation, crossover, encoding and documentation need no
code in any family. A value is a JSON scalar or, for `Layers`, a tuple of records.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from math import isfinite
from random import Random
from typing import Any

Value = Any  # bool | int | float | str | tuple[Genes, ...]; families read it, the gene checks it


class Genes(Mapping[str, Value]):
    """An immutable record of gene values: a genome's own, or one layer's."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Genes({self._values!r})"

    def replace(self, **changes: Value) -> Genes:
        return Genes({**self._values, **changes})

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and scalars."""
        return {name: _plain(value) for name, value in self._values.items()}


class Gene(ABC):
    """One decision. `when` names the sibling genes, with their values, that give it an effect; they
    are declared before it."""

    start: Value = None  # a value that works for most, where there is one

    def __init__(self, when: Mapping[str, Value] | None = None) -> None:
        self.when = dict(when or {})

    @property
    @abstractmethod
    def rest(self) -> Value:
        """The value it has where `when` does not hold, so that equal networks are equal genomes."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """Its values in words, for error messages and listings."""

    @abstractmethod
    def parse(self, value: Any) -> Value:
        """The gene's own form of `value` as read from JSON. Raises ValueError with the reason."""

    @abstractmethod
    def sample(self, rng: Random) -> Value:
        """A random value."""

    @abstractmethod
    def mutate(self, value: Value, rng: Random, rate: float) -> Value:
        """`value`, each independent part of which has changed with probability `rate`."""

    @abstractmethod
    def similarity(self, one: Value, other: Value) -> float:
        """How alike two values are: 1 where equal, 0 where they have nothing in common."""

    def cross(self, one: Value, other: Value, rng: Random) -> Value:
        """A child's value: either parent's."""
        return rng.choice((one, other))

    def active(self, siblings: Mapping[str, Value]) -> bool:
        return all(siblings[name] == value for name, value in self.when.items())


class _Listed(Gene):
    """A gene whose values are listed. `start` is one that works for most, if there is any."""

    def __init__(
        self, *options: Value, start: Value = None, when: Mapping[str, Value] | None = None
    ) -> None:
        super().__init__(when)
        kind = type(self).__name__
        if not all(map(_is_scalar, options)):
            raise ValueError(f"{kind} needs booleans, finite numbers or strings, got {options}")
        if not options or len(set(options)) < len(options):
            raise ValueError(f"{kind} needs distinct options, got {options}")
        self.options = options
        self.start = None if start is None else self.parse(start)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.options))})"

    @property
    def rest(self) -> Value:
        return self.options[0]

    @property
    def allowed(self) -> str:
        return ", ".join(in_words(option) for option in self.options)

    def parse(self, value: Any) -> Value:
        for option in self.options:
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return option
        raise ValueError(f"{in_words(value)} is not one of {self.allowed}")

    def sample(self, rng: Random) -> Value:
        return rng.choice(self.options)

    def mutate(self, value: Value, rng: Random, rate: float) -> Value:
        return self.step(value, rng) if rng.random() < rate else value

    def step(self, value: Value, rng: Random) -> Value:
        """Another value than `value`, where there is one."""
        others = [option for option in self.options if option != value]
        return rng.choice(others) if others else value

    def similarity(self, one: Value, other: Value) -> float:
        return float(one == other)


class Choice(_Listed):
    """One of several values without an order; mutation draws another."""


class Flag(_Listed):
    """Yes or no; mutation flips it."""

    def __init__(
        self, *, start: bool | None = None, when: Mapping[str, Value] | None = None
    ) -> None:
        super().__init__(False, True, start=start, when=when)


class Ordinal(_Listed):
    """One of several ordered numbers; mutation moves to a neighbour."""

    def __init__(
        self, *options: float, start: float | None = None, when: Mapping[str, Value] | None = None
    ) -> None:
        super().__init__(*options, start=start, when=when)
        if any(isinstance(option, bool | str) for option in options) or (
            list(options) != sorted(options)
        ):
            raise ValueError(f"Ordinal needs numbers in rising order, got {options}")

    def step(self, value: Value, rng: Random) -> Value:
        here = self.options.index(value)
        near = [i for i in (here - 1, here + 1) if 0 <= i < len(self.options)]
        return self.options[rng.choice(near)] if near else value

    def similarity(self, one: Value, other: Value) -> float:
        span = max(len(self.options) - 1, 1)
        return 1 - abs(self.options.index(one) - self.options.index(other)) / span


class Layers(Gene):
    """A list of `least` to `most` records, one for each layer, each with the genes of `item`."""

    def __init__(
        self,
        least: int,
        most: int,
        item: Mapping[str, Gene],
        *,
        when: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(when)
        if not 1 <= least <= most:
            raise ValueError(f"Layers needs 1 <= least <= most, got {least} and {most}")
        check_conditions(item)
        self.least, self.most, self.item = least, most, dict(item)

    def __repr__(self) -> str:
        return f"Layers({self.least}, {self.most}, {self.item!r})"

    @property
    def rest(self) -> Value:
        record = Genes({name: gene.rest for name, gene in self.item.items()})
        return (record,) * self.least

    @property
    def allowed(self) -> str:
        return f"a list of {self.least} to {self.most} layers"

    def within(self, most: int) -> Layers:
        """The same gene with at most `most` layers. Raises ValueError if it needs more."""
        return Layers(self.least, min(self.most, most), self.item, when=self.when)

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
        return tuple(self.new_layer(rng) for _ in range(count))

    def new_layer(self, rng: Random) -> Genes:
        return settle(self.item, {name: gene.sample(rng) for name, gene in self.item.items()})

    def mutate(self, value: Value, rng: Random, rate: float) -> Value:
        layers = [mutate_record(self.item, layer, rng, rate) for layer in value]
        if rng.random() < rate:
            return self.resize(layers, rng)
        return tuple(layers)

    def resize(self, layers: list[Genes], rng: Random) -> tuple[Genes, ...]:
        """One layer more, at a random place, or one less; as it is where neither is allowed."""
        moves = [move for move, fits in (
            ("add", len(layers) < self.most),
            ("remove", len(layers) > self.least),
        ) if fits]  # fmt: skip
        if not moves:
            return tuple(layers)
        if rng.choice(moves) == "add":
            where = rng.randint(0, len(layers))
            return (*layers[:where], self.new_layer(rng), *layers[where:])
        where = rng.randrange(len(layers))
        return (*layers[:where], *layers[where + 1 :])

    def cross(self, one: Value, other: Value, rng: Random) -> Value:
        """Single-point crossover: the first layers of `one`, the rest from `other`."""
        cut = rng.randint(0, min(len(one), len(other)))
        return (*one[:cut], *other[cut:])

    def similarity(self, one: Value, other: Value) -> float:
        """Mean over positions; a position that only one of them has counts as unlike."""
        pairs = zip(one, other, strict=False)
        alike = sum(record_similarity(self.item, mine, yours) for mine, yours in pairs)
        return alike / max(len(one), len(other))


def check_conditions(genes: Mapping[str, Gene]) -> None:
    """Raises ValueError for a `when` that could never hold: each of its genes must be declared
    before the gene that has it, and allow the value."""
    earlier: dict[str, Gene] = {}
    for name, gene in genes.items():
        for of, value in gene.when.items():
            if of not in earlier:
                raise ValueError(f"{name}: `when` names {of!r}, which is not declared before it")
            try:
                earlier[of].parse(value)
            except ValueError as fault:
                raise ValueError(f"{name}: `when` names {of}: {fault}") from None
        earlier[name] = gene


def parse_record(genes: Mapping[str, Gene], values: Any, where: str) -> Genes:
    """`values` checked gene by gene and settled. Raises ValueError naming every fault in it."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}: expected names and values, got {in_words(values)}")  # noqa: TRY004
    faults = [f"{where}: no gene {name!r}" for name in values if name not in genes]
    parsed = {}
    for name, gene in genes.items():
        try:
            if name not in values:
                raise ValueError("is missing")  # noqa: TRY301 - listed with the other faults
            parsed[name] = gene.parse(values[name])
        except ValueError as fault:
            faults.append(f"{where}: {name}: {fault}")
    if faults:
        raise ValueError("; ".join(faults))
    return settle(genes, parsed)


def settle(genes: Mapping[str, Gene], values: Mapping[str, Value]) -> Genes:
    """The record of `values` in which every gene without an effect is at rest. A gene that depends
    on one without an effect has none itself."""
    effective: set[str] = set()
    for name, gene in genes.items():
        if effective.issuperset(gene.when) and gene.active(values):
            effective.add(name)
    return Genes(
        {name: values[name] if name in effective else gene.rest for name, gene in genes.items()}
    )


def mutate_record(genes: Mapping[str, Gene], record: Genes, rng: Random, rate: float) -> Genes:
    changed = {name: gene.mutate(record[name], rng, rate) for name, gene in genes.items()}
    return settle(genes, changed)


def record_similarity(genes: Mapping[str, Gene], one: Genes, other: Genes) -> float:
    if not genes:
        return 1.0
    return sum(gene.similarity(one[name], other[name]) for name, gene in genes.items()) / len(genes)


def _is_scalar(value: object) -> bool:
    """Can JSON hold it and give it back as it was?"""
    return isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value))


def _plain(value: Value) -> Any:
    return [layer.to_json() for layer in value] if isinstance(value, tuple) else value


def in_words(value: object) -> str:
    """A value as people read it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
