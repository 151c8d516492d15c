"""Data sets as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from snas_cli.data.checking import Findings
from snas_cli.search.wording import duration
from snas_cli.terminal.tables import as_it_is, plain_table

SHOWN = 5  # of many twins
SKEWED = 10  # times as many pictures in one class as in another


def form_in_words(findings: Findings) -> str:
    colours = "grey" if findings.form.channels == 1 else "colour"
    side = findings.form.size
    left_out = f" ({len(findings.bad):,} left out, which cannot be read)" if findings.bad else ""
    return f"{findings.pictures:,} pictures{left_out}, brought to {side}×{side} {colours}"


def counts_table(classes: Sequence[str], findings: Findings) -> Table:
    table = plain_table(None, "class", *(f">{split}" for split in findings.counts))
    for i, name in enumerate(classes):
        table.add_row(as_it_is(name), *(f"{counts[i]:,}" for counts in findings.counts.values()))
    table.add_section()
    table.add_row("all", *(f"{sum(counts):,}" for counts in findings.counts.values()))
    return table


def complaints(classes: Sequence[str], findings: Findings) -> Iterator[str]:
    """A line for each thing that is wrong, or that nothing is."""
    yield from findings.remarks
    yield from (f"cannot be read: {bad.name}: {bad.reason}" for bad in findings.bad)
    yield from _some([_same(group) for group in findings.leaks], "in several splits")
    within = [group for group in findings.twins if group not in findings.leaks]
    yield from _some([_same(group) for group in within], "twice in a split")
    counts = findings.counts["train"]
    if findings.skew >= SKEWED:
        least, most = (classes[counts.index(count)] for count in (min(counts), max(counts)))
        yield (
            f"skewed: {most} has {max(counts):,} pictures to train on, {least} {min(counts):,}; "
            "consider --monitor val_balanced_acc --set training.balance=weights"
        )
    if not findings.bad and not findings.twins and findings.skew < SKEWED:
        yield "nothing is wrong with it"


def _same(group: Sequence[tuple[str, str]]) -> str:
    more = f" and {len(group) - 3:,} more" if len(group) > 3 else ""
    return f"the same picture: {', '.join(f'{name} ({split})' for split, name in group[:3])}{more}"


def _some(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"and {len(lines) - SHOWN:,} more {what}; --json has all"


def needs_in_words(findings: Findings, seconds: float, pictures_per_second: float) -> str:
    """Memory, and the time that a search is expected to take."""
    time = f"about {duration(seconds)}" if seconds >= 60 else "a minute or less"
    return (
        f"{form_in_words(findings)}: {findings.nbytes / 1e6:,.1f} MB decoded; a search takes "
        f"{time} on this machine, each process at {pictures_per_second:,.0f} pictures a second"
    )


def findings_as_json(classes: Sequence[str], findings: Findings) -> dict[str, Any]:
    return {
        "classes": list(classes),
        "form": asdict(findings.form),
        "counts": dict(findings.counts),
        "bad": [asdict(bad) for bad in findings.bad],
        "twins": [[{"split": split, "picture": name} for split, name in group]
                  for group in findings.twins],
        "remarks": list(findings.remarks),
        "decoded_bytes": findings.nbytes,
    }  # fmt: skip
