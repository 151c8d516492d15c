"""Weight sharing between candidates (ENAS: Pham et al. 2018, section 2): whom a candidate inherits
from, and which of its tensors. Nothing here depends on who finishes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from snas_cli.api import Genome, Space, Trial
from snas_cli.recipe.schema import SharingSettings

# --- the pools ------------------------------------------------------------------------------------


def members(trials: Iterable[Trial], settings: SharingSettings) -> list[Trial]:
    """The pools: of each family the `max_models` fittest architectures; of equals, the one
    proposed earlier. By number; none where sharing is off."""
    if not settings.enabled:
        return []
    pools: dict[str, list[Trial]] = {}
    for trial in _fittest_first(trials):
        pools.setdefault(trial.genome.family, []).append(trial)
    pooled = (trial for pool in pools.values() for trial in pool[: settings.max_models])
    return sorted(pooled, key=lambda trial: trial.number)


def donor(
    genome: Genome, earlier: Iterable[Trial], space: Space, settings: SharingSettings
) -> Trial | None:
    """The trial whose weights `genome` starts from: of those in its family's pool that are at
    least `min_similarity` like it, the one with the largest similarity × rank; of equals, the one
    proposed earlier. The fittest of a pool of n has rank 1, the next 1 - 1/n, and the last 1/n.

    `earlier` are the trials of the generations before, whole: so the answer is the same whatever
    finishes first in its own, and a donor's donor is older still.
    """
    pool = [t for t in members(earlier, settings) if t.genome.family == genome.family]
    best: tuple[float, int, Trial] | None = None
    for place, trial in enumerate(_fittest_first(pool)):
        similarity = space.similarity(genome, trial.genome)
        if similarity < settings.min_similarity:
            continue
        score = similarity * (1 - place / len(pool))
        if best is None or (score, -trial.number) > best[:2]:
            best = (score, -trial.number, trial)
    return best[2] if best else None


def _fittest_first(trials: Iterable[Trial]) -> list[Trial]:
    """Without failed ones, and each architecture once: repeats have copied its score."""
    by_number = sorted(trials, key=lambda trial: trial.number, reverse=True)
    alive = {t.genome.fingerprint: (t.fitness, t) for t in by_number if t.fitness is not None}
    ranked = sorted(alive.values(), key=lambda scored: (-scored[0], scored[1].number))
    return [trial for _, trial in ranked]


# --- the tensors ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Transferred:
    """How much a network has inherited."""

    tensors: int  # copied, the statistics of batch norm too
    params: int  # numbers that are trained, copied
    of: int  # numbers that are trained, in all

    @property
    def share(self) -> float:
        """Of the parameters, from 0 to 1."""
        return self.params / self.of if self.of else 0.0


@torch.no_grad()
def transfer(
    network: nn.Module, state: Mapping[str, Tensor], *, slices: bool = False
) -> Transferred:
    """Copies what fits of a donor's `state` into `network`, in place; `state` stays as it is.

    Parts of a network with the same name are counterparts. Those that are numbered form a stack,
    and stacks are aligned in order, so that most is copied: where a layer was put in or taken out,
    the ones after it keep their counterparts. A tensor is copied where the shapes are equal; with
    `slices` what two shapes have in common is, too: the first filters, channels and units, and the
    middle of kernels (Cai et al. 2020, "Once-for-all", section 3). A batch norm is copied whole,
    statistics and weights, or not at all.
    """
    copies = _match(_tree(network.state_dict()), _tree(state), slices=slices)
    for copy in copies:
        copy.carry_out()
    trained = {name: tensor.numel() for name, tensor in network.named_parameters()}
    params = sum(copy.numel for copy in copies if copy.name in trained)
    return Transferred(len(copies), params, sum(trained.values()))


@dataclass(frozen=True)
class _Copy:
    name: str  # of the target
    target: Tensor
    source: Tensor
    shape: tuple[int, ...]  # of what is copied

    @property
    def numel(self) -> int:
        return torch.Size(self.shape).numel()

    def carry_out(self) -> None:
        _region(self.target, self.shape).copy_(_region(self.source, self.shape))


def _region(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """A view of this shape: the first of all dimensions, but the middle of a kernel."""
    for dim, length in enumerate(shape):
        in_kernel = tensor.ndim == 4 and dim >= 2
        first = (tensor.shape[dim] - length) // 2 if in_kernel else 0
        tensor = tensor.narrow(dim, first, length)
    return tensor


@dataclass
class _Part:
    """A module, as far as a state dict shows it: modules without tensors are not there."""

    tensors: dict[str, tuple[str, Tensor]] = field(default_factory=dict)  # with their full names
    parts: dict[str, _Part] = field(default_factory=dict)

    @property
    def stack(self) -> list[_Part]:
        return [part for name, part in self.parts.items() if name.isdecimal()]

    @property
    def named(self) -> dict[str, _Part]:
        return {name: part for name, part in self.parts.items() if not name.isdecimal()}


def _tree(state: Mapping[str, Tensor]) -> _Part:
    """Stacks in the order of their numbers, whatever order the state dict has."""
    root = _Part()
    for name in sorted(state, key=_natural):
        part = root
        *path, last = name.split(".")
        for step in path:
            part = part.parts.setdefault(step, _Part())
        part.tensors[last] = (name, state[name])
    return root


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(step) if step.isdecimal() else -1, step) for step in name.split(".")]


def _match(mine: _Part, yours: _Part, *, slices: bool) -> list[_Copy]:
    copies = _match_tensors(mine, yours, slices=slices)
    others = yours.named
    for name, part in mine.named.items():
        if name in others:
            copies += _match(part, others[name], slices=slices)
    return copies + _align(mine.stack, yours.stack, slices=slices)


def _match_tensors(mine: _Part, yours: _Part, *, slices: bool) -> list[_Copy]:
    if ("running_mean" in mine.tensors) != ("running_mean" in yours.tensors):
        return []  # a norm of another kind, or none
    copies = []
    for last, (name, target) in mine.tensors.items():
        if last not in yours.tensors:
            continue
        source = yours.tensors[last][1]
        if target.shape == source.shape:
            copies.append(_Copy(name, target, source, tuple(target.shape)))
        elif slices and target.ndim == source.ndim:
            common = tuple(map(min, target.shape, source.shape))
            copies.append(_Copy(name, target, source, common))
    if "running_mean" in mine.tensors and len(copies) < len(mine.tensors):
        return []
    return copies


def _align(mine: Sequence[_Part], yours: Sequence[_Part], *, slices: bool) -> list[_Copy]:
    """The pairing, in order on both sides, that copies most numbers; of equals, the pairs that
    come first (Needleman & Wunsch 1970, with nothing charged for gaps)."""
    pairs = [[_match(one, other, slices=slices) for other in yours] for one in mine]
    worth = [[sum(copy.numel for copy in pair) for pair in row] for row in pairs]
    best = [[0] * (len(yours) + 1) for _ in range(len(mine) + 1)]  # of mine[i:] and yours[j:]
    for i in reversed(range(len(mine))):
        for j in reversed(range(len(yours))):
            paired = worth[i][j] + best[i + 1][j + 1]
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])

    copies: list[_Copy] = []
    i = j = 0
    while i < len(mine) and j < len(yours):
        if worth[i][j] and best[i][j] == worth[i][j] + best[i + 1][j + 1]:
            copies += pairs[i][j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return copies
