"""What mutation operators and strategies must keep to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

from snas_cli.api import (
    Flag,
    Genome,
    Layers,
    Operator,
    Ordinal,
    Proposal,
    SearchSetup,
    Space,
    Strategy,
    Trial,
)
from snas_cli.kinds.families import SHARED_GENES


def sample_space() -> Space:
    """Families with every kind of gene and every role, to try operators and strategies on."""
    layer = {"width": Ordinal(1, 2, 4, 8), "skip": Flag()}
    mixing = {
        "heads": Ordinal(1, 2, 4, role="heads"),
        "tokens": Ordinal(0.5, 1.0, 2.0, role="token_mixing"),
        "channels": Ordinal(1, 2, 4, role="channel_mixing"),
    }
    families = {
        "deep": {**SHARED_GENES, "layers": Layers(1, 6, layer), "scale": Ordinal(0.5, 1.0)},
        "flat": {**SHARED_GENES, "size": Ordinal(1, 2, 4, 8, 16)},
        "tokens": {
            **SHARED_GENES,
            "patch": Ordinal(2, 4, 8, role="patch"),
            "embedding": Ordinal(16, 32, 64, role="embedding"),
            "layers": Layers(1, 6, mixing, role="depth"),
        },
    }
    return Space(families)


def check_operator(operator: Operator, space: Space | None = None, *, seed: int = 0) -> None:
    """Children belong to the space, parents stay as they were, chance comes from `rng` alone, and
    something changes now and then."""
    space = space or sample_space()
    changed = 0
    for number in range(100):
        genome = space.sample(Random(number + seed))
        before = json.dumps(genome.to_json())
        child, twin = (operator.mutate(genome, space, Random(number), 0.3) for _ in range(2))
        assert space.from_json(child.to_json()) == child, f"{child} is not of the space"
        assert json.dumps(genome.to_json()) == before, f"{operator.name} changed its parent"
        assert child == twin, f"{operator.name} draws chance from elsewhere than its generator"
        changed += child != genome
    assert changed, f"{operator.name} never changes anything"


def sample_setup(operators: Sequence[Operator] = (), space: Space | None = None) -> SearchSetup:
    """What a strategy could be given; without operators, with one that draws a new genome."""
    weighted = tuple((operator, operator.weight) for operator in operators or [_Redraw()])
    return SearchSetup(
        space=space or sample_space(),
        operators=weighted,
        admit=lambda genome: genome.genes["dropout"] < 0.5,
        population_size=6,
        elites=1,
        tournament_size=2,
        mutation_rate=0.2,
        crossover_rate=0.5,
    )


class _Redraw(Operator):
    name = "redraw"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        return space.sample(rng, genome.family)


def check_strategy(strategy: type[Strategy], setup: SearchSetup | None = None) -> None:
    """Proposals are of the space and within the limits; `ask` is repeatable and leaves no trace;
    a new instance that is told the same trials goes on in the same way."""
    setup = setup or sample_setup()
    first, second = strategy(setup), strategy(setup)
    told = 0
    for generation in range(4):
        numbers = range(told, told + first.batch_size)
        proposals = _ask(first, numbers)
        assert proposals == _ask(first, numbers), f"{strategy.name}: ask changes the strategy"
        assert proposals == _ask(second, numbers), f"{strategy.name}: tell does not carry all"
        _check_proposals(proposals, setup, told)
        trials = [_judged(*pair, generation) for pair in zip(numbers, proposals, strict=True)]
        first.tell(trials)
        second.tell(trials)
        told += len(trials)


def _ask(strategy: Strategy, numbers: Sequence[int]) -> list[Proposal]:
    return strategy.ask([Random(number) for number in numbers])


def _check_proposals(proposals: Sequence[Proposal], setup: SearchSetup, told: int) -> None:
    for proposal in proposals:
        genome = proposal.genome
        assert setup.space.from_json(genome.to_json()) == genome, f"{genome} is not of the space"
        assert setup.admit(genome), f"{genome} is over the limits"
        assert all(0 <= parent < told for parent in proposal.parents), "parents must be told trials"


def _judged(number: int, proposal: Proposal, generation: int) -> Trial:
    """A trial with an arbitrary fitness; each fifth has failed."""
    if number % 5 == 4:
        return Trial(number, generation, proposal, None, reason="failed on purpose")
    fitness = int(proposal.genome.fingerprint, 16) % 1000 / 1000
    return Trial(number, generation, proposal, fitness, {"val_acc": fitness})
