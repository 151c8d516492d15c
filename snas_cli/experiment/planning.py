"""How long a search will be, and what its strategy is given."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf

from snas_cli.api import SearchSetup
from snas_cli.experiment.judging import Judge
from snas_cli.experiment.limits import Gate
from snas_cli.recipe.quantities import format_bytes, format_count
from snas_cli.recipe.resolve import levels_of, objectives_of, operators_of
from snas_cli.recipe.schema import TRAINING, LimitSettings, Recipe, RungSettings, SearchSettings
from snas_cli.search.ranking import Rank, by_dominance
from snas_cli.search.rungs import Rungs
from snas_cli.search.wording import duration

GENERATIONS = 6  # where neither the recipe nor a budget says how many


def setup_for(judge: Judge, generations: int) -> SearchSetup:
    recipe, search, gate = judge.recipe, judge.recipe.search, Gate(judge)
    return SearchSetup(
        space=judge.space,
        levels=levels_of(recipe, judge.registry),
        generations=generations,
        operators=operators_of(recipe, judge.registry),
        admit=gate,
        refusals=gate.refusals,
        smallest=gate.smallest,
        population_size=search.population_size,
        elites=search.elites,
        tournament_size=search.tournament_size,
        mutation_rate=search.mutation_rate,
        crossover_rate=search.crossover_rate,
        options=search.options,
        objectives=objectives_of(recipe),
        rank=rank_of(recipe),
        rungs=rungs_for(search, generations).of,
        proxy_names=tuple(search.proxies),
        proxies=judge.proxies,
    )


def rank_of(recipe: Recipe) -> Rank:
    return by_dominance(objectives_of(recipe))


def planned_generations(search: SearchSettings, trials: float | None = None) -> int:
    """How many the recipe says, or else make up so many `trials`."""
    if search.generations is not None:
        return search.generations
    if trials is None:
        return GENERATIONS
    later = max(trials - search.population_size, 0)
    return 1 + ceil(later / (search.population_size - search.elites))


def expected_trials(search: SearchSettings, epochs_each: float) -> float | None:
    """That a budget of trials or epochs allows for, if there is one."""
    if search.max_epochs is None:
        return search.max_trials
    share = share_trained(search.rungs)
    return min(search.max_epochs / epochs_each / share, search.max_trials or inf)


def share_trained(rungs: RungSettings) -> float:
    """Of a whole training, that a candidate gets on average: on each rung fewer are trained, for
    longer."""
    factor, last = float(rungs.factor), rungs.stages - 1
    upto: list[float] = [0.0, *(factor ** (rung - last) for rung in range(rungs.stages))]
    return sum((upto[r + 1] - upto[r]) / factor**r for r in range(rungs.stages))


def trials_in(search: SearchSettings, generations: int) -> int:
    """How many candidates so many generations have, if elites are not trained again."""
    return search.population_size + (generations - 1) * (search.population_size - search.elites)


def rungs_for(search: SearchSettings, generations: int) -> Rungs:
    rungs = search.rungs
    return Rungs(rungs.stages, rungs.factor, generations // 2 if rungs.fast else 0)


def describe_search(recipe: Recipe, generations: int) -> list[tuple[str, str]]:
    """What a person wants to know of a search: label and value."""
    search = recipe.search
    plural = "s" if generations > 1 else ""
    parts = [search.strategy, f"{generations} generation{plural} of {search.population_size}"]
    levels = len(recipe.space.levels)
    if search.progressive and levels > 1:
        parts.append(f"{levels} levels")
    if recipe.evaluator.name == TRAINING:
        parts.append(f"{recipe.training.epochs} epochs each")
        if search.rungs.stages > 1:
            parts.append(f"in {search.rungs.stages} rungs")
    if search.max_trials is not None:
        parts.append(f"at most {search.max_trials} candidates")
    if search.budget is not None:
        parts.append(f"{duration(search.budget)} in all")
    parts.append(f"seed {recipe.seed}")
    rows = [("limits", _limits(recipe.limits)), ("search", ", ".join(parts))]
    if len(search.objectives) > 1:
        rows.append(("objectives", ", ".join(search.objectives)))
    return rows


def _limits(limits: LimitSettings) -> str:
    parts: list[tuple[float | None, Callable[[float], str]]] = [
        (limits.max_params, lambda n: f"{format_count(n)} parameters"),
        (limits.max_size_bytes, lambda n: f"{format_bytes(n)} of weights"),
        (limits.max_flops, lambda n: f"{format_count(n)} FLOPs a picture"),
        (limits.max_latency_ms, lambda n: f"{n:g} ms a picture"),
        (limits.max_activation_bytes, lambda n: f"{format_bytes(n)} a picture in training"),
    ]
    set_ones = [text(limit) for limit, text in parts if limit is not None]
    return f"at most {', '.join(set_ones)}" if set_ones else "none"
