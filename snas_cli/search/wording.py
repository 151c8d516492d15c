"""How scores, costs and times are written, in the terminal and in the report alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from snas_cli.api import Objective, Trial
from snas_cli.errors import RunError
from snas_cli.recipe.quantities import format_bytes, format_count
from snas_cli.recipe.schema import TRAINING, Recipe

CONTROLS = {
    "random": "random search, for as many epochs",
    "hand_made": "a network made by hand, as large",
}
COSTS = {
    "params": "parameters",
    "flops": "FLOPs",
    "size_bytes": "weights",
    "activation_bytes": "activations",
    "latency_ms": "latency",
}
_DESCRIBED = {"stage", "trial", "family", "fingerprint", "fitness"}  # by best/metrics.json


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def duration(seconds: float) -> str:
    """8 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


@dataclass(frozen=True)
class Measure:
    """What the fitness of a run's candidates is: an accuracy, or whatever a plugin's evaluator
    says."""

    name: str
    metric: str | None = None  # under which trials and networks have it; None of an evaluator's

    @property
    def short(self) -> str:
        """To stand over a column."""
        return "fitness" if self.metric is None else self.name.removesuffix(" accuracy")

    def of(self, metrics: Mapping[str, Any]) -> float:
        """Of the network that best/metrics.json describes: the value after its last training."""
        name = "fitness" if self.metric is None else self.metric
        if metrics.get(name) is None:
            raise RunError(f"the metrics of trial {metrics['trial']}, whose network was kept, lack "
                           f"its {name}; go on with: snas resume RUN")  # fmt: skip
        value: float = metrics[name]
        return value

    def text(self, value: float) -> str:
        return f"{value:.4g}" if self.metric is None else percent(value)

    def trial_text(self, trial: Trial) -> str:
        """Of a trial that did not fail."""
        assert trial.fitness is not None  # or there would be a reason to show
        return self.text(trial.fitness)

    def gain_text(self, gain: float) -> str:
        return f"{gain:+.4g}" if self.metric is None else f"{100 * gain:+.2f} points"


def measure_of(recipe: Recipe) -> Measure:
    if recipe.evaluator.name != TRAINING:
        return Measure("fitness")
    if recipe.training.monitor == "val_balanced_acc":
        return Measure("balanced validation accuracy", "val_balanced_acc")
    return Measure("validation accuracy", "val_acc")


def cost_text(metric: str, value: float) -> str:
    match metric:
        case "params" | "flops":
            return format_count(value)
        case "size_bytes" | "activation_bytes":
            return format_bytes(value)
        case "latency_ms":
            return f"{value:.3g} ms"
    return f"{value:.4g}"


def objective_text(objective: Objective, trial: Trial, measure: Measure) -> str:
    """What a trial that did not fail comes to by one objective."""
    if objective.metric is None:
        return measure.trial_text(trial)
    return cost_text(objective.metric, trial.metrics[objective.metric])


def objective_title(objective: Objective, measure: Measure) -> str:
    if objective.metric is None:
        return measure.name
    return COSTS.get(objective.metric, objective.metric)


def costs_of(metrics: Mapping[str, Any]) -> str:
    """1.23k parameters, 5.68M FLOPs, 0.2 ms: of what is known."""
    parts = [f"{cost_text(name, metrics[name])} {COSTS[name]}" for name in ("params", "flops")
             if name in metrics]  # fmt: skip
    if "latency_ms" in metrics:
        parts.append(cost_text("latency_ms", metrics["latency_ms"]))
    return ", ".join(parts)


def results(best: Mapping[str, Any], measure: Measure) -> Iterator[tuple[str, str]]:
    """Of the network kept, as best/metrics.json has it: what was measured, and the value."""
    yield measure.name, measure.text(measure.of(best))
    if measure.metric is None:
        yield from ((name, f"{value:.4g}") for name, value in best.items()
                    if name not in _DESCRIBED and isinstance(value, int | float))  # fmt: skip
        return
    if measure.metric == "val_balanced_acc" and "test_balanced_acc" in best:
        yield "balanced test accuracy", percent(best["test_balanced_acc"])
    if "test_acc" in best:
        yield "test accuracy", percent(best["test_acc"])
    for name, metric in (("validation", "val_acc"), ("test", "test_acc")):
        if "repeats" in best:
            yield f"{name}, on average", _spread(best, metric)


def _spread(best: Mapping[str, Any], metric: str) -> str:
    """98.2 % ± 0.3 over 3 trainings: the mean and the standard deviation."""
    mean, deviation = (100 * best[f"{metric}_{part}"] for part in ("mean", "sd"))
    return f"{mean:.1f} % ± {deviation:.1f} over {best['repeats']} trainings"


def worth(best: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the search was worth, next to each control there is: the control, and what it has."""
    for name, control in best.get("controls", {}).items():
        gain = 100 * (best["test_acc"] - control["test_acc"])
        sizes = format_count(control["params"])
        yield (
            CONTROLS[name],
            (
                f"{percent(control['test_acc'])} on the test pictures with {sizes} parameters: the "
                f"search is worth {gain:+.2f} points"
            ),
        )
