"""How varied a set of genomes is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import log

from snas_cli.genome.genes import Value
from snas_cli.genome.genome import Genome
from snas_cli.genome.layers import Layers
from snas_cli.genome.space import Space

_Name = tuple[str, ...]  # a gene's way into a genome without the numbers of layers
_Key = tuple[_Name, tuple[Value, ...]]  # with its options
_Place = tuple[int, ...]  # the numbers of layers on the way to a gene; () for a genome's own


def diversity(genomes: Iterable[Genome], space: Space) -> float:
    """The mean evenness of the genes, from 0 (all genomes are equal) to 1 (as varied as can be).

    The evenness of a gene is the Shannon entropy (1948) of its values over the genomes that have
    it, divided by the largest that so many genomes could have with its options (Pielou 1966). The
    family is a gene, and so is the number of layers. Genes of one name with the same options are
    one, whichever family has them. A gene of the layers is looked at layer by layer, the first of
    one genome next to the first of another, and counts once, with the mean over its layers. Each
    gene counts as often as genomes have it; one that cannot vary, or that only one genome has, does
    not count. Genes without an effect are as good as absent. 0 where nothing could vary.

    All genomes have to be of `space`: raises SpaceError for a family that is none of its own.
    """
    observed = [dict(_observations(genome, space)) for genome in genomes]
    places: dict[_Key, dict[_Place, list[Value]]] = {}
    for genome in observed:
        for (key, place), value in genome.items():
            places.setdefault(key, {}).setdefault(place, []).append(value)
    total = weights = 0.0
    for (_, options), layers in places.items():
        varied = [values for values in layers.values() if min(len(values), len(options)) > 1]
        if varied:
            weight = max(map(len, varied))
            total += weight * _mean_evenness(varied, len(options))
            weights += weight
    return total / weights if weights else 0.0


def _observations(genome: Genome, space: Space) -> Iterator[tuple[tuple[_Key, _Place], Value]]:
    """Each gene that has an effect, with its value; for layers that is how many there are."""
    yield (((), tuple(space.families)), ()), genome.family
    for site in space.sites(genome):
        name = tuple(part for part in site.path if isinstance(part, str))
        place = tuple(part for part in site.path if isinstance(part, int))
        value: Value = genome.genes
        for part in site.path:
            value = value[part]
        if isinstance(site.gene, Layers):
            counts = tuple(range(site.gene.least, site.gene.most + 1))
            yield ((name, counts), place), len(value)
        else:
            yield ((name, site.gene.options), place), value


def _mean_evenness(layers: Sequence[Sequence[Value]], options: int) -> float:
    """Over layers, each of which counts as often as there are genomes so deep."""
    observations = sum(map(len, layers))
    return sum(len(values) * _evenness(values, options) for values in layers) / observations


def _evenness(values: Sequence[Value], options: int) -> float:
    even, more = divmod(len(values), options)
    largest = _entropy([even + 1] * more + [even] * (options - more))
    return _entropy(Counter(values).values()) / largest


def _entropy(counts: Iterable[int]) -> float:
    """In nats, of relative frequencies."""
    present = [count for count in counts if count]
    total = sum(present)
    return sum(count / total * log(total / count) for count in present)
