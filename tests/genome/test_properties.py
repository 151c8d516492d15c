"""What holds for every search space, however its genes are put together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import inf
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snas_cli.errors import SpaceError
from snas_cli.genome import Choice, Flag, Gene, Genes, Genome, Layers, Ordinal, Space

for_all_spaces = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)

# --- random spaces --------------------------------------------------------------------------------

NUMBERS = st.integers(-4, 300) | st.floats(-1, 1, allow_nan=False)
SCALARS = NUMBERS | st.booleans() | st.text(max_size=3)
Condition = Mapping[str, Any]


def choices(when: Condition) -> st.SearchStrategy[Gene]:
    options = st.lists(SCALARS, min_size=1, max_size=4, unique=True)
    return options.map(lambda values: Choice(*values, when=when))


def ordinals(when: Condition) -> st.SearchStrategy[Gene]:
    options = st.lists(NUMBERS, min_size=1, max_size=5, unique=True)
    return options.map(lambda values: Ordinal(*sorted(values), when=when))


def flags(when: Condition) -> st.SearchStrategy[Gene]:
    return st.builds(Flag, when=st.just(when))


@st.composite
def stacks(draw: st.DrawFn, when: Condition, depth: int) -> Gene:
    least = draw(st.integers(1, 3))
    most = least + draw(st.integers(0, 3))
    return Layers(least, most, draw(records(depth - 1)), when=when)


@st.composite
def conditions(draw: st.DrawFn, earlier: Mapping[str, Gene]) -> Condition:
    """A `when` on some of the genes before it that have a list of options."""
    listed = {name: gene.options for name, gene in earlier.items() if gene.options}
    if not listed or draw(st.booleans()):
        return {}
    names = draw(st.lists(st.sampled_from(sorted(listed)), min_size=1, max_size=2, unique=True))
    return {name: draw(st.sampled_from(listed[name])) for name in names}


@st.composite
def records(draw: st.DrawFn, depth: int = 2) -> dict[str, Gene]:
    """Genes by name; `depth` is how many levels of layers there may be."""
    genes: dict[str, Gene] = {}
    for i in range(draw(st.integers(1, 4))):
        when = draw(conditions(genes))
        kinds = [choices(when), ordinals(when), flags(when)]
        if depth:
            kinds.append(stacks(when, depth))
        genes[f"gene{i}"] = draw(st.one_of(kinds))
    return genes


spaces = st.dictionaries(
    st.sampled_from(["cnn", "mlp", "resnet"]), records(), min_size=1, max_size=3
).map(Space)
seeds = st.integers(0, 10_000)
rates = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@st.composite
def spaces_with_two_parents(draw: st.DrawFn) -> tuple[Space, Genome, Genome]:
    """Two genomes of one family, equal, akin or strangers."""
    space, rng = draw(spaces), Random(draw(seeds))
    one = space.sample(rng)
    akin = space.mutate(one, rng, draw(rates))
    return space, one, draw(st.sampled_from([akin, space.sample(rng, one.family)]))


Move = Callable[[Space, Genome, Random], Genome]
MOVES: dict[str, Move] = {
    "sample": lambda space, genome, rng: space.sample(rng),
    "mutate a little": lambda space, genome, rng: space.mutate(genome, rng, 0.2),
    "mutate everything": lambda space, genome, rng: space.mutate(genome, rng, 1),
    "transplant": lambda space, genome, rng: space.transplant(
        genome, rng.choice(list(space.families)), rng
    ),
    "crossover": lambda space, genome, rng: space.crossover(
        genome, space.sample(rng, genome.family), rng
    ),
}
moves = st.sampled_from(sorted(MOVES)).map(MOVES.__getitem__)


# --- genomes --------------------------------------------------------------------------------------


@for_all_spaces
@given(spaces, st.lists(moves, min_size=1, max_size=4), seeds)
def test_every_move_stays_in_the_space(space: Space, steps: list[Move], seed: int) -> None:
    rng = Random(seed)
    genome = space.sample(rng)
    for move in steps:
        genome = move(space, genome, rng)
    assert space.from_json(json.loads(json.dumps(genome.to_json()))) == genome


@for_all_spaces
@given(spaces, moves, seeds)
def test_no_move_changes_its_input(space: Space, move: Move, seed: int) -> None:
    rng = Random(seed)
    genome = space.sample(rng)
    before, fingerprint = json.dumps(genome.to_json()), genome.fingerprint
    move(space, genome, rng)
    assert json.dumps(genome.to_json()) == before
    assert Genome(genome.family, genome.genes).fingerprint == fingerprint


@for_all_spaces
@given(spaces, moves, seeds)
def test_the_same_seed_gives_the_same_child(space: Space, move: Move, seed: int) -> None:
    genome = space.sample(Random(seed))
    one, other = (move(space, genome, Random(seed)) for _ in range(2))
    assert one == other
    assert one.fingerprint == other.fingerprint


@for_all_spaces
@given(spaces_with_two_parents())
def test_fingerprints_are_equal_exactly_for_equal_genomes(
    drawn: tuple[Space, Genome, Genome],
) -> None:
    _, one, other = drawn
    assert (one.fingerprint == other.fingerprint) == (one == other)
    assert hash(one) == hash(other) or one != other


@for_all_spaces
@given(spaces_with_two_parents())
def test_similarity_is_symmetric_and_1_exactly_for_equal_genomes(
    drawn: tuple[Space, Genome, Genome],
) -> None:
    space, one, other = drawn
    alike = space.similarity(one, other)
    assert 0 <= alike <= 1
    assert alike == space.similarity(other, one)
    assert (alike == 1) == (one == other)


@for_all_spaces
@given(spaces, seeds)
def test_similarity_is_symmetric_between_families(space: Space, seed: int) -> None:
    rng = Random(seed)
    one, other = space.sample(rng), space.sample(rng)
    assert 0 <= space.similarity(one, other) == space.similarity(other, one) <= 1
    assert space.similarity(one, one) == 1


@for_all_spaces
@given(spaces, seeds)
def test_crossover_of_equal_parents_is_the_parent(space: Space, seed: int) -> None:
    rng = Random(seed)
    parent = space.sample(rng)
    twin = space.from_json(parent.to_json())
    assert space.crossover(parent, twin, rng) == parent


@for_all_spaces
@given(spaces, seeds)
def test_nothing_changes_at_rate_zero(space: Space, seed: int) -> None:
    rng = Random(seed)
    genome = space.sample(rng)
    assert space.mutate(genome, rng, 0) == genome


# --- records --------------------------------------------------------------------------------------


def has_effect(genes: Mapping[str, Gene], record: Genes, name: str) -> bool:
    return all(
        record[of] == value and has_effect(genes, record, of)
        for of, value in genes[name].when.items()
    )


def check_record(genes: Mapping[str, Gene], record: Genes) -> None:
    """Its genes are the declared ones, those without effect at rest, its stacks within bounds."""
    assert list(record) == list(genes)
    for name, gene in genes.items():
        if not has_effect(genes, record, name):
            assert record[name] == gene.rest
        if isinstance(gene, Layers):
            assert gene.least <= len(record[name]) <= gene.most
            for layer in record[name]:
                check_record(gene.item, layer)


@for_all_spaces
@given(spaces, st.lists(moves, max_size=4), seeds)
def test_genes_without_effect_are_at_rest_and_stacks_within_bounds(
    space: Space, steps: list[Move], seed: int
) -> None:
    rng = Random(seed)
    genome = space.sample(rng)
    for move in steps:
        genome = move(space, genome, rng)
    check_record(space.genes(genome.family), genome.genes)


# --- what is not a genome -------------------------------------------------------------------------

JSON = st.recursive(
    SCALARS | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def read_or_refused(space: Space, document: Any) -> Genome | None:
    """None where the space refuses it. Any error but SpaceError ends the test."""
    try:
        return space.from_json(document)
    except SpaceError:
        return None


@for_all_spaces
@given(spaces, seeds, st.randoms(use_true_random=False), JSON)
def test_a_damaged_genome_is_refused_or_read_as_one_of_the_space(
    space: Space, seed: int, rng: Random, junk: Any
) -> None:
    document = space.sample(Random(seed)).to_json()
    document["genes"][rng.choice(sorted(document["genes"]))] = junk
    genome = read_or_refused(space, document)
    if genome is not None:
        check_record(space.genes(genome.family), genome.genes)


@for_all_spaces
@given(spaces, seeds, st.text(max_size=4))
def test_missing_and_foreign_genes_are_refused(space: Space, seed: int, foreign: str) -> None:
    document = space.sample(Random(seed)).to_json()
    genes = document["genes"]
    for name in genes:
        rest = {other: value for other, value in genes.items() if other != name}
        assert read_or_refused(space, {**document, "genes": rest}) is None
    assert read_or_refused(space, {**document, "genes": {**genes, foreign: 1}}) is None


@for_all_spaces
@given(spaces, JSON)
def test_any_json_is_refused_with_a_space_error(space: Space, junk: Any) -> None:
    assert read_or_refused(space, junk) is None
    for family in space.families:
        assert read_or_refused(space, {"family": family, "genes": junk}) is None


# --- as numbers -----------------------------------------------------------------------------------


@for_all_spaces
@given(spaces, st.lists(moves, max_size=3), seeds)
def test_every_genome_of_a_space_is_as_many_finite_numbers(
    space: Space, steps: list[Move], seed: int
) -> None:
    rng = Random(seed)
    genome = space.sample(rng)
    for move in steps:
        genome = move(space, genome, rng)
    extremes = [extreme for family in space.families for extreme in space.extremes(family)]
    encoded = [space.encode(one) for one in (genome, *extremes)]
    assert len({len(numbers) for numbers in encoded}) == 1
    assert all(0 <= number < inf for numbers in encoded for number in numbers)
    assert space.encode(space.from_json(genome.to_json())) == encoded[0]


@for_all_spaces
@given(spaces, seeds)
def test_no_step_of_a_gene_goes_unseen(space: Space, seed: int) -> None:
    rng = Random(seed)
    genome = space.sample(rng)
    for site in space.sites(genome):
        stepped = space.step(genome, site, rng)
        assert (space.encode(stepped) == space.encode(genome)) == (stepped == genome)


@for_all_spaces
@given(spaces, seeds)
def test_families_are_told_apart(space: Space, seed: int) -> None:
    genomes = [space.sample(Random(seed), family) for family in space.families]
    assert len({tuple(space.encode(genome)) for genome in genomes}) == len(space.families)
