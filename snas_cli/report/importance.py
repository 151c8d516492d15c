"""Which genes mattered: permutation importance (Breiman 2001) of a forest fitted to the trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10, nan
from typing import TYPE_CHECKING, Any

from snas_cli.api import Genome, Trial
from snas_cli.report.charts import WIDTH, svg

if TYPE_CHECKING:
    import numpy as np

FEWEST = 20  # architectures that a forest can learn anything from
FOLDS = 5
TREES, REPEATS = 60, 5
SHOWN, LEAST = 12, 0.001  # genes, and what one that is shown loses at least
ROW, NAMES = 24, 190  # pixels


@dataclass(frozen=True)
class Importance:
    """What a forest that saw four fifths of the trials knows of the other fifth."""

    trials: int
    explained: float  # R², of trials that it did not see: 1 all, 0 no more than their mean
    lost: Mapping[str, float]  # of R², when a gene's values are shuffled; the largest first


def importance_chart(trials: Iterable[Trial]) -> str:
    judged = list(_judged(trials).values())
    if len(judged) < FEWEST:
        return (
            f"<p>Unknown: {len(judged)} architectures were judged alike, and {FEWEST} are needed "
            "to tell.</p>"
        )
    found = importance(judged)
    if not found.lost or found.explained <= 0:
        return (
            f"<p>Unknown: a model of {found.trials} trials foretells those that it did not see no "
            "better than their mean.</p>"
        )
    trust = "" if found.explained > 0.5 else " That is little: take the order with care."
    return (
        f"<p>A random forest explains {100 * found.explained:.0f} % of the differences between "
        f"trials that it did not see, of {found.trials}.{trust} A bar is what it loses of that "
        "when it is told another trial's value. It says what went with good scores in this "
        f"search, which tried some values more than others.</p>{_bars(found.lost)}"
    )


def _judged(trials: Iterable[Trial]) -> dict[str, Trial]:
    """The first trial of each architecture that did not fail."""
    judged: dict[str, Trial] = {}
    for trial in trials:
        if trial.fitness is not None:
            judged.setdefault(trial.genome.fingerprint, trial)
    return judged


def importance(trials: Sequence[Trial]) -> Importance:
    """Of trials that did not fail. Scores are those of the first rung, which all have."""
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    names, table = _table([trial.genome for trial in trials])
    scores = np.array([(trial.rungs or (trial.fitness,))[0] for trial in trials], dtype=float)
    foretold, lost = np.empty_like(scores), np.zeros(len(names))
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=0).split(table):
        forest = RandomForestRegressor(TREES, random_state=0).fit(table[seen], scores[seen])
        foretold[unseen] = forest.predict(table[unseen])
        shuffled = permutation_importance(
            forest, table[unseen], scores[unseen], n_repeats=REPEATS, random_state=0,
            scoring="neg_mean_squared_error",
        )  # fmt: skip
        lost += shuffled.importances_mean / FOLDS
    spread = float(scores.var())
    if spread == 0:
        return Importance(len(trials), 0.0, {})
    explained = 1 - float(((scores - foretold) ** 2).mean()) / spread
    shares = {name: float(value) / spread for name, value in zip(names, lost, strict=True)}
    best_first = sorted(shares.items(), key=lambda item: -item[1])
    return Importance(len(trials), explained, {k: v for k, v in best_first if v > 0})


def _table(genomes: Sequence[Genome]) -> tuple[list[str], np.ndarray]:
    """A column for each gene, with NaN where a family has no such gene. Lists of layers are known
    by their length; words by their place in the alphabet."""
    import numpy as np

    rows = [_values(genome) for genome in genomes]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [_numbers([row.get(name) for row in rows]) for name in names]
    return names, np.array(columns, dtype=float).T


def _values(genome: Genome) -> dict[str, Any]:
    genes = genome.genes.to_json()
    plain = {name: value for name, value in genes.items() if not isinstance(value, list)}
    stacks = [value for value in genes.values() if isinstance(value, list)]
    depth = {"number of layers": sum(map(len, stacks))} if stacks else {}
    return {"family": genome.family, **plain, **depth}


def _numbers(values: Sequence[Any]) -> list[float]:
    """Words have places; what spans factors, as a learning rate does, has its logarithm."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        places = {word: float(i) for i, word in enumerate(sorted(map(str, set(known))))}
        return [nan if value is None else places[str(value)] for value in values]
    by_factors = min(known) > 0 and max(known) / min(known) > 20
    return [
        nan if value is None else log10(value) if by_factors else float(value) for value in values
    ]


def _bars(lost: Mapping[str, float]) -> str:
    worth_showing = [(name, value) for name, value in lost.items() if value >= LEAST]
    shown = (worth_showing or list(lost.items()))[:SHOWN]
    largest, room = shown[0][1], WIDTH - NAMES - 60
    rows = "".join(
        f'<text x="{NAMES - 8}" y="{ROW * i + 44}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{NAMES}" y="{ROW * i + 33}" width="{room * value / largest:.1f}" height="14" '
        f'class="mark c0"/><text x="{NAMES + room * value / largest + 6:.1f}" '
        f'y="{ROW * i + 44}">{100 * value:.1f}</text>'
        for i, (name, value) in enumerate(shown)
    )
    title = f'<text x="{NAMES}" y="16" class="title">points of R² lost without the gene</text>'
    return svg(ROW * len(shown) + 36, "Importance of genes", title + rows)
