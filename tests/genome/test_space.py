"""Spaces: the messages about what is not in them, conditions, transplants, and fingerprints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from snas_cli.errors import SpaceError
from snas_cli.genome import Choice, Flag, Genes, Genome, Layers, Ordinal, Space

ROOT = Path(__file__).parents[2]

SPACE = Space({
    "resnet": {
        "norm": Flag(),
        "rate": Ordinal(0.001, 0.01, 0.1),
        "blocks": Layers(1, 3, {"filters": Ordinal(16, 32), "act": Choice("relu", "elu")}),
    },
    "mlp": {"norm": Flag(), "rate": Ordinal(0.01, 0.1), "units": Ordinal(64, 128)},
})  # fmt: skip

RESNET: dict[str, Any] = {"norm": True, "rate": 0.01, "blocks": [{"filters": 32, "act": "elu"}]}


def fault(family: str, genes: Any) -> str:
    """What the space says about a genome."""
    with pytest.raises(SpaceError) as caught:
        SPACE.from_json({"family": family, "genes": genes})
    return str(caught.value)


# --- messages -------------------------------------------------------------------------------------


def test_a_gene_that_the_family_does_not_have() -> None:
    message = fault("resnet", {**RESNET, "width": 3})
    assert message == "not an architecture of this search space: resnet: no gene 'width'"


def test_a_gene_that_is_missing() -> None:
    assert fault("mlp", {"norm": True, "rate": 0.1}).endswith("mlp: units: is missing")


def test_a_value_that_is_not_allowed() -> None:
    message = fault("mlp", {"norm": True, "rate": 0.001, "units": 64})
    assert message.endswith("mlp: rate: 0.001 is not one of 0.01, 0.1")


@pytest.mark.parametrize("count", [0, 4])
def test_a_wrong_number_of_layers(count: int) -> None:
    message = fault("resnet", {**RESNET, "blocks": RESNET["blocks"] * count})
    assert message.endswith("resnet: blocks: needs a list of 1 to 3 layers")


def test_a_boolean_is_not_a_number() -> None:
    space = Space({"net": {"depth": Choice(0, 1), "norm": Flag()}})
    with pytest.raises(SpaceError, match="depth: yes is not one of 0, 1; net: norm: 1 is not"):
        space.genome("net", {"depth": True, "norm": 1})


def test_all_faults_are_named_at_once() -> None:
    broken = {
        "rate": 5,
        "width": 3,
        "blocks": [{"filters": 8, "act": "relu"}, {"filters": 16, "act": "tanh", "x": 1}, "c"],
    }
    message = fault("resnet", broken)
    assert message.removeprefix("not an architecture of this search space: ").split("; ") == [
        "resnet: no gene 'width'",
        "resnet: norm: is missing",
        "resnet: rate: 5 is not one of 0.001, 0.01, 0.1",
        "resnet: blocks: layer 0: filters: 8 is not one of 16, 32",
        "layer 1: no gene 'x'",
        "layer 1: act: tanh is not one of relu, elu",
        "layer 2: expected names and values, got c",
    ]


@pytest.mark.parametrize("document", [None, [], "resnet", 3, {}, {"family": "mlp"}, {"genes": {}}])
def test_a_document_of_another_shape(document: Any) -> None:
    with pytest.raises(SpaceError, match="needs the keys 'family' and 'genes'"):
        SPACE.from_json(document)


@pytest.mark.parametrize("genes", [None, [], "norm", 3])
def test_genes_of_another_shape(genes: Any) -> None:
    assert "resnet: expected names and values, got" in fault("resnet", genes)


def test_a_misspelt_family() -> None:
    message = fault("resnt", RESNET)
    assert message == "family 'resnt' is not in this search space; did you mean 'resnet'?"


def test_a_family_like_no_other() -> None:
    assert fault("transformer", RESNET).endswith("known: mlp, resnet")


def test_a_space_has_families() -> None:
    with pytest.raises(SpaceError, match="at least one family"):
        Space({})


def test_the_likes_of_another_family_cannot_be_crossed() -> None:
    rng = Random(0)
    one, other = SPACE.sample(rng, "mlp"), SPACE.sample(rng, "resnet")
    with pytest.raises(SpaceError, match="no crossover between mlp and resnet"):
        SPACE.crossover(one, other, rng)


# --- conditions -----------------------------------------------------------------------------------

ATTENTION = Space({
    "net": {
        "attention": Flag(),
        "kind": Choice("se", "cbam", when={"attention": True}),
        "ratio": Ordinal(4, 8, when={"kind": "se"}),
    }
})  # fmt: skip


def attention(flag: bool, kind: str, ratio: int) -> Genome:
    return ATTENTION.genome("net", {"attention": flag, "kind": kind, "ratio": ratio})


def test_a_gene_without_an_effect_is_at_rest() -> None:
    assert attention(True, "cbam", 8) == attention(True, "cbam", 4)
    assert attention(True, "se", 8) != attention(True, "se", 4)


def test_a_gene_whose_condition_has_no_effect_has_none_either() -> None:
    assert attention(False, "cbam", 4) == attention(False, "se", 8) == attention(False, "se", 4)


@pytest.mark.parametrize("when", [{"gate": True}, {"late": 1}])
def test_a_condition_on_a_gene_that_is_not_declared_before(when: dict[str, Any]) -> None:
    genes = {"early": Flag(when=when), "late": Ordinal(1, 2)}
    with pytest.raises(SpaceError, match=r"family 'net': early: .* not declared before it"):
        Space({"net": genes})


def test_a_gene_that_begins_to_have_an_effect_is_drawn() -> None:
    """Its rest may be none of its options, where a recipe has narrowed them."""
    genes = dict(ATTENTION.genes("net"))
    space = Space({"net": {**genes, "ratio": genes["ratio"].customised(8)}})
    plain = space.genome("net", {"attention": False, "kind": "se", "ratio": 4})
    for seed in range(10):
        child = space.mutate(plain, Random(seed), rate=1)
        assert child.genes["attention"]
        assert child.genes["ratio"] == (8 if child.genes["kind"] == "se" else 4)
        assert space.crossover(plain, child, Random(seed)) in {plain, child} | {
            space.genome("net", {"attention": True, "kind": kind, "ratio": 8})
            for kind in ("se", "cbam")
        }


def test_a_value_without_an_effect_must_still_be_one() -> None:
    with pytest.raises(SpaceError, match="ratio: 5 is not one of 4, 8"):
        attention(False, "se", 5)


# --- single genes ---------------------------------------------------------------------------------


def test_the_sites_of_a_genome() -> None:
    genome = SPACE.genome("resnet", {**RESNET, "blocks": RESNET["blocks"] * 2})
    assert [site.path for site in SPACE.sites(genome)] == [
        ("norm",),
        ("rate",),
        ("blocks",),
        ("blocks", 0, "filters"),
        ("blocks", 0, "act"),
        ("blocks", 1, "filters"),
        ("blocks", 1, "act"),
    ]
    assert [s.path for s in ATTENTION.sites(attention(False, "se", 4))] == [("attention",)]


def test_a_step_changes_the_gene_at_its_site_and_no_other() -> None:
    genome = SPACE.genome("resnet", {**RESNET, "blocks": RESNET["blocks"] * 2})
    site = SPACE.sites(genome)[5]
    child = SPACE.step(genome, site, Random(0))
    assert child.to_json()["genes"] == {
        **RESNET,
        "blocks": [RESNET["blocks"][0], {"filters": 16, "act": "elu"}],
    }


# --- chance ---------------------------------------------------------------------------------------


def test_draws_do_not_depend_on_the_order_in_which_families_were_found() -> None:
    turned = Space(dict(reversed(list(SPACE.families.items()))))
    assert [SPACE.sample(Random(i)) for i in range(20)] == [
        turned.sample(Random(i)) for i in range(20)
    ]


def test_every_family_is_drawn() -> None:
    rng = Random(0)
    assert {SPACE.sample(rng).family for _ in range(30)} == {"mlp", "resnet"}


def test_a_transplant_keeps_what_the_other_family_has_too() -> None:
    genome = SPACE.genome("mlp", {"norm": True, "rate": 0.1, "units": 64})
    for seed in range(10):
        moved = SPACE.transplant(genome, "resnet", Random(seed))
        assert moved.family == "resnet"
        assert (moved.genes["norm"], moved.genes["rate"]) == (True, 0.1)


def test_a_transplant_takes_the_closest_of_what_the_other_family_allows() -> None:
    genome = SPACE.genome("resnet", {**RESNET, "rate": 0.001})
    moved = [SPACE.transplant(genome, "mlp", Random(i)).genes for i in range(20)]
    assert {genes["rate"] for genes in moved} == {0.01}
    assert {genes["units"] for genes in moved} == {64, 128}


def test_a_transplant_into_the_own_family_is_the_genome() -> None:
    genome = SPACE.genome("resnet", RESNET)
    assert SPACE.transplant(genome, "resnet", Random(0)) == genome


def test_members_of_different_families_are_alike_by_what_both_have() -> None:
    one = SPACE.genome("resnet", RESNET)
    other = SPACE.genome("mlp", {"norm": True, "rate": 0.1, "units": 64})
    assert SPACE.similarity(one, other) == 1 / 5  # norm, of norm, rate, blocks, units and family


# --- fingerprints ---------------------------------------------------------------------------------

GOLDEN = (
    "2720809f7d5be834"  # journals and seeds of finished runs depend on it: a change breaks resuming
)

PRINT_FINGERPRINTS = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from random import Random
from test_space import RESNET, SPACE
print(SPACE.genome("resnet", RESNET).fingerprint)
for seed in range(5):
    print(SPACE.sample(Random(seed)).fingerprint)
"""


def test_a_fingerprint_is_what_it_always_was() -> None:
    assert SPACE.genome("resnet", RESNET).fingerprint == GOLDEN


def test_a_fingerprint_does_not_depend_on_the_order_of_genes() -> None:
    turned = Genes(dict(reversed(list(SPACE.genome("resnet", RESNET).genes.items()))))
    assert Genome("resnet", turned).fingerprint == GOLDEN


def test_a_fingerprint_is_that_of_the_phenotype() -> None:
    genes = {"depth": Ordinal(1, 2), "blocks": Ordinal(1, 2, 4)}
    space = Space(
        {"net": genes},
        {"net": lambda g: g.replace(depth=1, blocks=g["depth"] * g["blocks"])},
    )
    one, other = (space.genome("net", {"depth": d, "blocks": 4 // d}) for d in (1, 2))
    assert one.fingerprint == other.fingerprint
    assert one != other
    assert space.from_json(other.to_json()) == other


def test_fingerprints_and_draws_do_not_depend_on_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PRINT_FINGERPRINTS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1
    assert outputs.pop().startswith(GOLDEN)
