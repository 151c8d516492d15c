"""May pictures be mirrored and keep their labels? A network that has never seen one mirrored tells:
where what it knows turns up both ways round, it knows these as well."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap

import torch
from torch import Tensor, nn

from snas_cli.data.task_data import TaskData
from snas_cli.training.batches import plain_batches

KNOWN = 5  # right answers in a class: after fewer, nothing can be said of it
CHANCE = 0.05  # that as many are lost by luck, beyond which it is taken for luck
# Of a class's right answers, up to which a loss does not matter: whoever is asked was chosen by
# these pictures as they are, and so knows them better than mirrored. Where labels change, most are
# lost.
LOSS = 0.25


@dataclass(frozen=True)
class Answers:
    """Of a network, to the pictures of one class."""

    name: str
    right: int  # of the pictures as they are
    lost: int  # of these, wrong when mirrored
    gained: int  # wrong as they are, right when mirrored

    @property
    def objection(self) -> str | None:
        """What speaks against mirroring its pictures."""
        if self.right < KNOWN:
            return f"of {self.name} only {self.right} are known, too few to tell"
        if self.lost - self.gained > LOSS * self.right and self._luck < CHANCE:
            return f"of {self.name} {self.right} are known, and {self._mirrored} when mirrored"
        return None

    @property
    def _mirrored(self) -> int:
        return self.right - self.lost + self.gained

    @property
    def _luck(self) -> float:
        """The chance to lose as many or more of those that change, if mirrors do no harm (sign
        test)."""
        from scipy.stats import binomtest

        changed = self.lost + self.gained
        return float(binomtest(self.lost, changed, alternative="greater").pvalue)


def objection(network: nn.Module, data: TaskData) -> str | None:
    """The first thing that speaks against mirroring; None: labels stay true."""
    return next(filter(None, (one.objection for one in answers(network, data))), None)


@torch.no_grad()
def answers(network: nn.Module, data: TaskData) -> list[Answers]:
    """Class by class, to the pictures that networks are chosen by; leaves evaluation mode on."""
    network.eval()
    batches = [
        (labels, network(images).argmax(1) == labels, network(images.flip(3)).argmax(1) == labels)
        for images, labels in plain_batches(data.val, data)
    ]
    labels, right, mirrored = (torch.cat(parts) for parts in zip(*batches, strict=True))

    def each_class(chosen: Tensor) -> list[int]:
        counts: list[int] = torch.bincount(labels[chosen], minlength=len(data.classes)).tolist()
        return counts

    counts = zip(data.classes, each_class(right), each_class(right & ~mirrored),
                 each_class(mirrored & ~right), strict=True)  # fmt: skip
    return list(starmap(Answers, counts))
