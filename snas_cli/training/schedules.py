"""How the learning rate goes through a training: for each step a factor of the genome's rate."""

from __future__ import annotations

import math

from snas_cli.recipe.schema import TrainingSettings


def learning_rate_factor(settings: TrainingSettings, step: int, steps: int) -> float:
    """Of step 0 ≤ `step` < `steps`; 1 at the peak, after the rise."""
    match settings.schedule:
        case "cosine":
            return _cosine(settings.warm_up, step, steps)
        case "one_cycle":
            return _one_cycle(settings.warm_up, step, steps)
        case "constant":
            return min((step + 1) / _rise(settings.warm_up, steps), 1.0)


def _cosine(warm_up: float, step: int, steps: int) -> float:
    """A linear rise, then half a cosine to 0 (Loshchilov & Hutter 2017)."""
    rise = _rise(warm_up, steps)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(steps - rise, 1)))


def _one_cycle(warm_up: float, step: int, steps: int) -> float:
    """From 1/25 up, and down to next to nothing (Smith & Topin 2018), both by half a cosine, as in
    torch's OneCycleLR; but momentum stays as it is."""
    start, end = 1 / 25, 1 / 250_000
    peak = max(warm_up * steps - 1, 0)
    if step <= peak:
        return 1 - (1 - start) * _fall(step, peak) if peak else 1.0
    return end + (1 - end) * _fall(step - peak, steps - 1 - peak)


def _fall(step: float, steps: float) -> float:
    """From 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def _rise(warm_up: float, steps: int) -> int:
    return max(round(warm_up * steps), 1)
