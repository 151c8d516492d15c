"""Training curves of the last trainings: of the winner in detail, of the finalists side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from snas_cli.report.panels import Panel, Series, panels_chart
from snas_cli.search.account import Account

SHOWN = 6  # finalists: as many as there are colours

Epochs = Sequence[Mapping[str, float]]


def curves_chart(account: Account) -> str:
    """Losses of the network that was kept, then its accuracy beside the other finalists'."""
    if account.measure.metric is None:
        return "<p>None: an evaluator judged the networks, and nothing was trained.</p>"
    finals = finals_of(account)
    if not finals:
        return (
            "<p>None: the journal has no final training, for the search is not over or was made "
            "before curves were kept.</p>"
        )
    kept = account.winner.number if account.winner else -1
    shown = dict(islice(finals.items(), SHOWN))
    longest = max(len(epochs) for epochs in [*shown.values(), finals.get(kept, ())])
    panels = [*_losses(kept, finals, longest), _accuracies(account, shown, longest)]
    label = "Loss and accuracy by epoch"
    cut = f"<p>The first {SHOWN} of {len(finals)} finalists.</p>" if len(finals) > SHOWN else ""
    return panels_chart(panels, range(1, longest + 1), "epoch", label) + cut


def finals_of(account: Account) -> dict[int, Epochs]:
    """By trial; the first training of each, where there are several."""
    finals: dict[int, Epochs] = {}
    for event in account.events:
        if _is_final(event) and event["epochs"]:
            finals.setdefault(event["trial"], event["epochs"])
    return finals


def _is_final(event: Mapping[str, Any]) -> bool:
    final = event["event"] == "curve" and event["stage"] == "final"
    return final and bool(event["repeat"] == 0)


def _losses(kept: int, finals: Mapping[int, Epochs], longest: int) -> Iterator[Panel]:
    if kept in finals:
        epochs = finals[kept]
        yield Panel(
            f"loss of trial {kept}, which was kept; in training, of changed pictures",
            (
                Series("training", _padded(epochs, "train_loss", longest), 1, dashed=True),
                Series("validation", _padded(epochs, "val_loss", longest), 0),
            ),
        )


def _accuracies(account: Account, shown: Mapping[int, Epochs], longest: int) -> Panel:
    metric = account.measure.metric or "val_acc"
    series = [
        Series(f"trial {number}", _padded(epochs, metric, longest), colour)
        for colour, (number, epochs) in enumerate(shown.items())
    ]
    return Panel(f"{account.measure.name} of the finalists", series, shares=True)


def _padded(epochs: Epochs, metric: str, longest: int) -> list[float | None]:
    return [epoch[metric] for epoch in epochs] + [None] * (longest - len(epochs))
