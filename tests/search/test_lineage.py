"""The golden lineage: what a seeded search decides, letter by letter.

A change here is a change of every user's results. If it is meant, print the new lineage with
`python -m tests.search.test_lineage` and say so in the changelog.
"""

from __future__ import annotations

from pathlib import Path

from snas_cli.registry import Registry
from tests.search import stub

GOLDEN = Path(__file__).with_name("lineage.txt")


def lineage(registry: Registry) -> str:
    trials = stub.run(registry.strategy("evolution")(stub.setup(registry)), generations=4)
    return "".join(
        f"{trial.number} {trial.generation} {trial.genome.fingerprint} {trial.fitness:.4f} "
        f"{trial.proposal.operator} {' '.join(map(str, trial.proposal.parents))}".rstrip()
        + "\n"
        for trial in trials
    )


def test_lineage_is_as_it_was(registry: Registry) -> None:
    assert lineage(registry) == GOLDEN.read_text()


if __name__ == "__main__":
    GOLDEN.write_text(lineage(Registry.installed()))
