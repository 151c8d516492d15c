"""What every mutation operator keeps to, on every family; and what is particular to each."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snas_cli.api import Flag, Genome, Layers, Ordinal, Site, Space
from snas_cli.recipe.resolve import space_of
from snas_cli.recipe.schema import SpaceSettings
from snas_cli.registry import Registry
from snas_cli.testing import sample_space

REGISTRY = Registry.installed()
SPACE = space_of(SpaceSettings(), REGISTRY)
OPERATORS = [
    part.name for part in REGISTRY.components("operator") if part.origin.startswith("snas:")
]
seeds = st.integers(0, 100_000)
genomes = st.builds(
    lambda family, seed: SPACE.sample(Random(seed), family),
    st.sampled_from(sorted(SPACE.families)),
    seeds,
)
quickly = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", OPERATORS)
@quickly
@given(genome=genomes, seed=seeds, rate=st.sampled_from([0.05, 0.2, 1.0]))
def test_children_are_sound(name: str, genome: Genome, seed: int, rate: float) -> None:
    """They are of the space, come from the generator alone, and leave their parent as it was."""
    before, fingerprint = json.dumps(genome.to_json()), genome.fingerprint
    operator = REGISTRY.operator(name)
    child, twin = (operator.mutate(genome, SPACE, Random(seed), rate) for _ in range(2))
    assert SPACE.from_json(json.loads(json.dumps(child.to_json()))) == child
    assert (child, child.fingerprint) == (twin, twin.fingerprint)
    assert json.dumps(genome.to_json()) == before
    assert Genome(genome.family, genome.genes, genome.phenotype).fingerprint == fingerprint
    assert (SPACE.similarity(genome, child) == 1) == (child == genome)
    assert SPACE.similarity(genome, child) == SPACE.similarity(child, genome)


@quickly
@given(one=genomes, seed=seeds)
def test_crossover_on_every_family(one: Genome, seed: int) -> None:
    rng = Random(seed)
    other = SPACE.sample(rng, one.family)
    child = SPACE.crossover(one, other, rng)
    assert SPACE.from_json(child.to_json()) == child
    assert SPACE.crossover(one, one, rng) == one
    for site in SPACE.sites(child):
        if len(site.path) == 1 and not isinstance(site.gene, Layers):
            (name,) = site.path
            assert child.genes[str(name)] in (one.genes[str(name)], other.genes[str(name)])


# --- each by itself -------------------------------------------------------------------------------


def changed(name: str, genome: Genome, space: Space = SPACE) -> set[str | None]:
    """The roles of the genes that an operator changes, over many draws."""
    roles = set()
    for seed in range(60):
        child = REGISTRY.operator(name).mutate(genome, space, Random(seed), 0.2)
        roles |= {site.gene.role for site in difference(genome, child, space)}
    return roles


def difference(one: Genome, other: Genome, space: Space) -> list[Site]:
    """The sites at which they differ; where the depth does, that alone."""
    mine, yours = ({s.path: value(g, s) for s in space.sites(g)} for g in (one, other))
    sites = space.sites(one)
    if len(one.genes["layers"]) != len(other.genes["layers"]):
        return [site for site in sites if site.path == ("layers",)]
    return [s for s in sites if not isinstance(s.gene, Layers) and mine[s.path] != yours[s.path]]


def value(genome: Genome, site: Site) -> object:
    found = genome.genes
    for step in site.path:
        found = found[step]  # type: ignore[index]
    return found


def test_attention_changes_what_attends() -> None:
    genome = SPACE.sample(Random(0), "vit")
    assert changed("attention", genome) == {"heads", "embedding", "patch", "depth"}


def test_mixing_changes_what_mixes() -> None:
    genome = SPACE.sample(Random(0), "mlp_mixer")
    assert changed("mixing", genome) == {"token_mixing", "channel_mixing", "patch"}


def test_they_leave_the_others_alone() -> None:
    for family in SPACE.families:
        genome = SPACE.sample(Random(1), family)
        assert changed("attention", genome) == set() or family == "vit"
        assert changed("mixing", genome) == set() or family == "mlp_mixer"


def test_they_know_roles_and_not_names() -> None:
    """A stranger's family that attends: no name that we know."""
    space = Space({
        "perceiver": {
            "width": Ordinal(8, 16, 32, role="embedding"),
            "tall": Ordinal(1, 2, 3),
            "layers": Layers(1, 4, {"views": Ordinal(1, 2, 4, role="heads")}),
        }
    })  # fmt: skip
    genome = space.sample(Random(0))
    assert changed("attention", genome, space) == {"heads", "embedding"}
    assert changed("mixing", genome, space) == set()


def test_scale_takes_the_same_step_in_every_layer() -> None:
    options = (8, 16, 32)
    item = {"filters": Ordinal(*options), "skip": Flag()}
    space = Space({"net": {"layers": Layers(1, 4, item)}, "plain": {"rate": Ordinal(1, 2)}})
    layers = [{"filters": filters, "skip": filters == 16} for filters in (8, 16, 32)]
    genome, scale = space.genome("net", {"layers": layers}), REGISTRY.operator("scale")
    children = [scale.mutate(genome, space, Random(seed), 0.2) for seed in range(20)]
    found = {tuple(layer["filters"] for layer in child.genes["layers"]) for child in children}
    assert found == {(8, 8, 16), (16, 32, 32)}
    assert {tuple(layer["skip"] for layer in child.genes["layers"]) for child in children} == {
        (False, True, False)
    }
    other = space.genome("plain", {"rate": 1})
    assert scale.mutate(other, space, Random(0), 0.2) == other  # it has no layers


def test_point_changes_the_family_at_a_fifth_of_the_rate() -> None:
    genome, point = SPACE.sample(Random(0), "cnn"), REGISTRY.operator("point")
    children = [point.mutate(genome, SPACE, Random(seed), 0.5) for seed in range(3000)]
    others = [child.family for child in children if child.family != "cnn"]
    assert 0.08 < len(others) / len(children) < 0.12
    assert set(others) == set(SPACE.families) - {"cnn"}


def test_point_gives_each_gene_its_own_chance() -> None:
    space = sample_space()
    genome = space.sample(Random(3), "flat")
    point = REGISTRY.operator("point")
    children = [point.mutate(genome, space, Random(seed), 0.3) for seed in range(2000)]
    same = [child for child in children if child.family == "flat"]
    for name in space.genes("flat"):
        share = sum(child.genes[name] != genome.genes[name] for child in same) / len(same)
        assert 0.26 < share < 0.34, name


def test_another_family_keeps_the_layers_as_far_as_it_can() -> None:
    genome = SPACE.sample(Random(5), "cnn")
    child = SPACE.transplant(genome, "resnet", Random(0))
    for mine, yours in zip(genome.genes["layers"], child.genes["layers"], strict=True):
        assert all(mine[gene] == yours[gene] for gene in ("filters", "kernel", "activation"))
