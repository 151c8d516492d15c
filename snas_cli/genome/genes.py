"""Genes: the decisions that make up an architecture, each declared as data.

A gene knows its values, so that sampling, mutation, crossover, encoding and documentation need no
code in any family. A value is a JSON scalar or, for `Layers`, a tuple of records.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from math import isfinite, sqrt
from random import Random
from typing import Any, Self

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
        return {name: plain(value) for name, value in self._values.items()}


class Gene(ABC):
    """One decision.

    `when` names the sibling genes, with their values, that give it an effect; they are declared
    before it. `role` says what the gene stands for, to operators that know roles and no families:
    "heads", "embedding", "patch", "token_mixing", "channel_mixing", "depth".
    """

    start: Value = None  # a value that works for most, where there is one
    options: tuple[Value, ...] = ()  # its values, where they are listed

    def __init__(self, when: Mapping[str, Value] | None = None, role: str | None = None) -> None:
        self.when = dict(when or {})
        self.role = role

    @property
    @abstractmethod
    def rest(self) -> Value:
        """The value it has where `when` does not hold, so that equal networks are equal genomes;
        the same however a recipe customises the gene."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """Its values in words, for error messages and listings."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many values it has."""

    @property
    @abstractmethod
    def extremes(self) -> tuple[Value, Value]:
        """The lowest value and the highest; the first and the last where there is no order."""

    @abstractmethod
    def parse(self, value: Any) -> Value:
        """The gene's own form of `value` as read from JSON. Raises ValueError with the reason."""

    @abstractmethod
    def customised(self, wish: Any) -> Self:
        """The same gene with the values that a recipe wants it to have. Raises ValueError with
        what could be wished for."""

    @abstractmethod
    def widened(self) -> Self:
        """The same gene, whose `parse` also takes whatever a recipe could wish for."""

    @abstractmethod
    def sample(self, rng: Random) -> Value:
        """A random value."""

    @abstractmethod
    def fit(self, value: Any, rng: Random) -> Value:
        """The allowed value closest to `value`, which may be another gene's; a random one where
        none is close."""

    @abstractmethod
    def mutate(self, value: Value, rng: Random, rate: float) -> Value:
        """`value`, each independent part of which has changed with probability `rate`."""

    @abstractmethod
    def step(self, value: Value, rng: Random) -> Value:
        """The smallest change of the value as a whole, where there is one."""

    @abstractmethod
    def similarity(self, one: Value, other: Value) -> float:
        """How alike two values are: 1 where equal, 0 where they have nothing in common."""

    @abstractmethod
    def encode(self, value: Value) -> tuple[float, ...]:
        """`value` as numbers for a model to learn from, as many for each value. Values as unlike as
        can be are about 1 apart."""

    def cross(self, one: Value, other: Value, rng: Random) -> Value:
        """A child's value: either parent's."""
        return rng.choice((one, other))

    def active(self, siblings: Mapping[str, Value]) -> bool:
        return all(siblings[name] == value for name, value in self.when.items())


class _Listed(Gene):
    """A gene whose values are listed. `start` is one that works for most, if there is any."""

    _wide = False  # does `parse` take what a recipe could widen it to?

    def __init__(
        self,
        *options: Value,
        start: Value = None,
        when: Mapping[str, Value] | None = None,
        role: str | None = None,
    ) -> None:
        super().__init__(when, role)
        self.options = self._checked(options)
        self._rest = options[0]
        self.start = None if start is None else self.parse(start)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.options))})"

    @property
    def rest(self) -> Value:
        return self._rest

    @property
    def allowed(self) -> str:
        return ", ".join(in_words(option) for option in self.options)

    @property
    def size(self) -> int:
        return len(self.options)

    @property
    def extremes(self) -> tuple[Value, Value]:
        return self.options[0], self.options[-1]

    def parse(self, value: Any) -> Value:
        for option in self.options:
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return option
        if self._wide:
            return self._widened_to(value)
        raise ValueError(f"{in_words(value)} is not one of {self.allowed}")

    def customised(self, wish: Any) -> Self:
        wanted = wish if isinstance(wish, list | tuple) else [wish]
        twin = copy(self)
        twin.options = self._checked(list(map(self.widened().parse, wanted)))
        twin.start = twin._start_near(self.start)  # noqa: SLF001 - its own class
        return twin

    def widened(self) -> Self:
        twin = copy(self)
        twin._wide = True  # noqa: SLF001
        return twin

    def _checked(self, options: Sequence[Value]) -> tuple[Value, ...]:
        kind = type(self).__name__
        if not all(map(_is_scalar, options)):
            raise ValueError(f"{kind} needs booleans, finite numbers or strings, got {options}")
        if not options or len(set(options)) < len(options):
            raise ValueError(f"{kind} needs distinct options, got {options}")
        return tuple(options)

    def _widened_to(self, value: Any) -> Value:
        if _is_scalar(value) and self._may_widen_to(value):
            return value
        more = f", and may be given {self._wider_in_words()}" if self._wider_in_words() else ""
        raise ValueError(f"{in_words(value)} is not one of {self.allowed}{more}")

    def _may_widen_to(self, value: Value) -> bool:
        return False

    def _wider_in_words(self) -> str:
        return ""

    def _start_near(self, start: Value) -> Value:
        return start if start in self.options else None

    def sample(self, rng: Random) -> Value:
        return rng.choice(self.options)

    def fit(self, value: Any, rng: Random) -> Value:
        try:
            return self.parse(value)
        except ValueError:
            return self.sample(rng)

    def mutate(self, value: Value, rng: Random, rate: float) -> Value:
        return self.step(value, rng) if rng.random() < rate else value

    def step(self, value: Value, rng: Random) -> Value:
        """Another value than `value`, where there is one."""
        others = [option for option in self.options if option != value]
        return rng.choice(others) if others else value

    def similarity(self, one: Value, other: Value) -> float:
        return float(one == other)

    def encode(self, value: Value) -> tuple[float, ...]:
        """One of as many places as there are options is taken; a value at rest that is none of
        them takes none."""
        return tuple(sqrt(0.5) if option == value else 0.0 for option in self.options)


class Choice(_Listed):
    """One of several values without an order; mutation draws another. A recipe may add those of
    `wider`."""

    def __init__(
        self,
        *options: Value,
        start: Value = None,
        wider: Sequence[Value] = (),
        when: Mapping[str, Value] | None = None,
        role: str | None = None,
    ) -> None:
        super().__init__(*options, start=start, when=when, role=role)
        self.wider = tuple(wider)

    def _may_widen_to(self, value: Value) -> bool:
        return value in self.wider

    def _wider_in_words(self) -> str:
        return ", ".join(in_words(option) for option in self.wider)


class Flag(_Listed):
    """Yes or no; mutation flips it."""

    def __init__(
        self,
        *,
        start: bool | None = None,
        when: Mapping[str, Value] | None = None,
        role: str | None = None,
    ) -> None:
        super().__init__(False, True, start=start, when=when, role=role)


class Ordinal(_Listed):
    """One of several ordered numbers; mutation moves to a neighbour. A recipe may add those of
    `wider`: a range of whole numbers or the lowest and the highest; as it is, any in between."""

    def __init__(
        self,
        *options: float,
        start: float | None = None,
        wider: range | tuple[float, float] | None = None,
        when: Mapping[str, Value] | None = None,
        role: str | None = None,
    ) -> None:
        super().__init__(*options, start=start, when=when, role=role)
        whole = all(isinstance(option, int) for option in options)
        between = range(int(options[0]), int(options[-1]) + 1) if whole else None
        self.wider = wider or between or (options[0], options[-1])

    def _checked(self, options: Sequence[Value]) -> tuple[Value, ...]:
        if any(isinstance(option, bool | str) for option in options) or (
            list(options) != sorted(options)
        ):
            raise ValueError(f"Ordinal needs numbers in rising order, got {options}")
        return super()._checked(options)

    def _may_widen_to(self, value: Value) -> bool:
        if isinstance(value, bool | str):
            return False
        if isinstance(self.wider, range):
            return isinstance(value, int) and value in self.wider
        lowest, highest = self.wider
        return bool(lowest <= value <= highest)

    def _wider_in_words(self) -> str:
        if not isinstance(self.wider, range):
            return f"numbers from {self.wider[0]} to {self.wider[1]}"
        step = "" if self.wider.step == 1 else f" in steps of {self.wider.step}"
        return f"whole numbers from {self.wider[0]} to {self.wider[-1]}{step}"

    def _widened_to(self, value: Any) -> Value:
        number = super()._widened_to(value)
        return number if isinstance(self.wider, range) else float(number)

    def _start_near(self, start: Value) -> Value:
        return None if start is None else self._nearest(start)

    def _nearest(self, number: float) -> Value:
        return min(self.options, key=lambda option: abs(option - number))

    def fit(self, value: Any, rng: Random) -> Value:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return self._nearest(value) if number else self.sample(rng)

    def step(self, value: Value, rng: Random) -> Value:
        here = self.options.index(value)
        near = [i for i in (here - 1, here + 1) if 0 <= i < len(self.options)]
        return self.options[rng.choice(near)] if near else value

    def below(self, value: Value) -> Value:
        """The option before it; the value itself where there is none, or where it is at rest."""
        lower = [option for option in self.options if option < value]
        return lower[-1] if lower and value in self.options else value

    def above(self, value: Value) -> Value:
        """The option after it, likewise."""
        higher = [option for option in self.options if option > value]
        return higher[0] if higher and value in self.options else value

    def similarity(self, one: Value, other: Value) -> float:
        if one == other or not {one, other} <= set(self.options):  # at rest, outside of them
            return float(one == other)
        span = len(self.options) - 1
        return 1 - abs(self.options.index(one) - self.options.index(other)) / span

    def encode(self, value: Value) -> tuple[float, ...]:
        """The place among the options, from 0 to 1; the middle for a value at rest that is none of
        them."""
        span = len(self.options) - 1
        if value not in self.options or not span:
            return (0.5,)
        return (self.options.index(value) / span,)


def _is_scalar(value: object) -> bool:
    """Can JSON hold it and give it back as it was?"""
    return isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value))


def plain(value: Value) -> Any:
    return [layer.to_json() for layer in value] if isinstance(value, tuple) else value


def in_words(value: object) -> str:
    """A value as people read it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
