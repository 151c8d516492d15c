"""Records of genes: a value for each of several genes, made one after the other.

A gene has an effect where its `when` holds and the genes that it names have an effect themselves.
All others are at rest, so that equal networks are equal records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import prod
from random import Random
from typing import Any

from snas_cli.genome.genes import Gene, Genes, Value, in_words, plain


def check_conditions(genes: Mapping[str, Gene]) -> None:
    """Raises ValueError for a `when` that could never hold: each of its genes must be declared
    before the gene that has it, and allow the value."""
    earlier: dict[str, Gene] = {}
    for name, gene in genes.items():
        for of, value in gene.when.items():
            if of not in earlier:
                raise ValueError(f"{name}: `when` names {of!r}, which is not declared before it")
            if not earlier[of].options:
                raise ValueError(f"{name}: `when` names {of!r}, which has no listed options")
            try:
                earlier[of].parse(value)
            except ValueError as fault:
                raise ValueError(f"{name}: `when` names {of}: {fault}") from None
        earlier[name] = gene


def make_record(genes: Mapping[str, Gene], choose: Callable[[str, Gene], Value]) -> Genes:
    """`choose` gives the value of each gene that has an effect, in the order of declaration."""
    values: dict[str, Value] = {}
    effective: set[str] = set()
    for name, gene in genes.items():
        if effective.issuperset(gene.when) and gene.active(values):
            effective.add(name)
            values[name] = choose(name, gene)
        else:
            values[name] = gene.rest
    return Genes(values)


def settle(genes: Mapping[str, Gene], values: Mapping[str, Value]) -> Genes:
    """The record of `values` in which every gene without an effect is at rest."""
    return make_record(genes, lambda name, _gene: values[name])


def effective_genes(genes: Mapping[str, Gene], record: Mapping[str, Value]) -> dict[str, Gene]:
    """Those that have an effect in the record."""
    effective: dict[str, Gene] = {}

    def noted(name: str, gene: Gene) -> Value:
        effective[name] = gene
        return record[name]

    make_record(genes, noted)
    return effective


def parse_record(genes: Mapping[str, Gene], values: Any, where: str) -> Genes:
    """`values` checked gene by gene. Raises ValueError naming every fault in it."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}: expected names and values, got {in_words(values)}")  # noqa: TRY004
    faults = [f"{where}: no gene {name!r}" for name in values if name not in genes]
    parsed: dict[str, Value] = {}

    def parse(name: str, gene: Gene) -> Value:
        try:
            if name not in values:
                raise ValueError("is missing")  # noqa: TRY301 - listed with the other faults
            parsed[name] = gene.parse(values[name])
        except ValueError as fault:
            faults.append(f"{where}: {name}: {fault}")
            return gene.rest
        return parsed[name]

    record = make_record(genes, parse)
    for name, gene in genes.items():
        if name not in parsed and values.get(name) not in (gene.rest, plain(gene.rest)):
            parse(name, gene)  # without effect, and yet it must be a value
    if faults:
        raise ValueError("; ".join(dict.fromkeys(faults)))
    return record


def sample_record(genes: Mapping[str, Gene], rng: Random) -> Genes:
    return make_record(genes, lambda _name, gene: gene.sample(rng))


def fit_record(genes: Mapping[str, Gene], values: Mapping[str, Value], rng: Random) -> Genes:
    """What `values` say, as far as the genes allow; the rest is drawn."""
    return make_record(genes, lambda name, gene: gene.fit(values.get(name), rng))


def mutate_record(genes: Mapping[str, Gene], record: Genes, rng: Random, rate: float) -> Genes:
    """Each gene changes with chance `rate`; one that begins to have an effect is drawn."""
    before = effective_genes(genes, record)
    return make_record(
        genes,
        lambda name, gene: (
            gene.mutate(record[name], rng, rate) if name in before else gene.sample(rng)
        ),
    )


def cross_record(genes: Mapping[str, Gene], one: Genes, other: Genes, rng: Random) -> Genes:
    """A child of two records: from each parent only genes that have an effect in it."""
    parents = [(record, effective_genes(genes, record)) for record in (one, other)]

    def inherited(name: str, gene: Gene) -> Value:
        values = [record[name] for record, effective in parents if name in effective]
        return gene.cross(values[0], values[-1], rng) if values else gene.sample(rng)

    return make_record(genes, inherited)


def record_similarity(genes: Mapping[str, Gene], one: Genes, other: Genes) -> float:
    if not genes:
        return 1.0
    return sum(gene.similarity(one[name], other[name]) for name, gene in genes.items()) / len(genes)


def encode_record(genes: Mapping[str, Gene], record: Mapping[str, Value]) -> tuple[float, ...]:
    """See `Gene.encode`."""
    return tuple(number for name, gene in genes.items() for number in gene.encode(record[name]))


def extreme_records(genes: Mapping[str, Gene]) -> tuple[Genes, Genes]:
    """Every gene at its lowest value, and every gene at its highest."""
    lowest = make_record(genes, lambda _name, gene: gene.extremes[0])
    return lowest, make_record(genes, lambda _name, gene: gene.extremes[1])


def count_records(genes: Mapping[str, Gene]) -> int:
    """How many different records there are."""
    switches = sorted({name for gene in genes.values() for name in gene.when})
    rests = {name: gene.rest for name, gene in genes.items()}
    choices = product(*(genes[name].options for name in switches))
    states = {
        settle(genes, {**rests, **dict(zip(switches, choice, strict=True))}) for choice in choices
    }
    return sum(
        prod(g.size for name, g in effective_genes(genes, state).items() if name not in switches)
        for state in states
    )
