"""Each kind of gene by itself: what it accepts, how it changes, how alike its values are."""

from __future__ import annotations

import pickle
from collections import Counter
from random import Random
from typing import Any

import pytest

from snas_cli.genome import Choice, Flag, Gene, Genes, Layers, Ordinal
from snas_cli.genome.records import count_records

UNITS = {"units": Ordinal(8, 16, 32)}


def layers(*units: int) -> tuple[Genes, ...]:
    return tuple(Genes({"units": count}) for count in units)


# --- records --------------------------------------------------------------------------------------


def test_a_record_cannot_be_changed() -> None:
    record = Genes({"units": 8})
    with pytest.raises(TypeError):
        record["units"] = 16  # type: ignore[index]
    assert record.replace(units=16) == Genes({"units": 16})
    assert record == Genes({"units": 8})


def test_a_record_keeps_its_own_copy_of_the_values() -> None:
    values = {"units": 8}
    record = Genes(values)
    values["units"] = 16
    assert record["units"] == 8


def test_equal_records_have_equal_hashes_whatever_their_order() -> None:
    one, other = Genes({"a": 1, "b": layers(8)}), Genes({"b": layers(8), "a": 1})
    assert one == other
    assert hash(one) == hash(other)


def test_a_record_can_be_sent_to_another_process() -> None:
    record = Genes({"norm": True, "layers": layers(8, 16)})
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - as multiprocessing does


def test_a_record_as_json_is_plain() -> None:
    record = Genes({"norm": True, "layers": layers(8, 16)})
    assert record.to_json() == {"norm": True, "layers": [{"units": 8}, {"units": 16}]}


# --- declarations that cannot be ------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), (1, 1), (1, 1.0), (1, True), ("a", "b", "a")])
def test_options_are_distinct(options: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="Choice needs distinct options"):
        Choice(*options)


@pytest.mark.parametrize("option", [(3, 3), None, b"relu", float("nan"), float("inf"), 1j])
def test_options_are_what_json_can_hold(option: Any) -> None:
    with pytest.raises(ValueError, match="Choice needs booleans, finite numbers or strings"):
        Choice("relu", option)


@pytest.mark.parametrize("options", [(2, 1), ("a", "b"), (False, True), (1, "b")])
def test_an_ordinal_has_numbers_in_rising_order(options: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="Ordinal needs numbers in rising order"):
        Ordinal(*options)


@pytest.mark.parametrize(("least", "most"), [(0, 3), (3, 2), (-1, 1)])
def test_layers_have_sensible_bounds(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="1 <= least <= most"):
        Layers(least, most, UNITS)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"attention": True}, "rate: `when` names 'attention', which is not declared before it"),
        ({"rate": 1}, "rate: `when` names 'rate', which is not declared before it"),
        ({"gate": 1}, "rate: `when` names gate: 1 is not one of no, yes"),
    ],
    ids=["unknown", "itself", "impossible value"],
)
def test_a_condition_that_never_holds_is_refused(when: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Layers(1, 2, {"gate": Flag(), "rate": Ordinal(1, 2, when=when)})


# --- reading values -------------------------------------------------------------------------------


def test_a_value_is_read_as_the_option_it_equals() -> None:
    assert isinstance(Ordinal(1, 2).parse(1.0), int)
    assert isinstance(Ordinal(0.0, 0.5).parse(0), float)
    assert Choice("relu", "elu").parse("elu") == "elu"
    assert Flag().parse(value=True) is True


@pytest.mark.parametrize(
    ("gene", "value", "reason"),
    [
        (Ordinal(1, 2), True, "yes is not one of 1, 2"),
        (Choice(0, 1), False, "no is not one of 0, 1"),
        (Flag(), 1, "1 is not one of no, yes"),
        (Flag(), 0.0, "0.0 is not one of no, yes"),
        (Flag(), "yes", "yes is not one of no, yes"),
        (Choice("relu", "elu"), "gelu", "gelu is not one of relu, elu"),
        (Ordinal(3, 5), "3", "3 is not one of 3, 5"),
        (Ordinal(3, 5), [3], r"\[3\] is not one of 3, 5"),
        (Choice("relu"), None, "None is not one of relu"),
    ],
)
def test_what_is_not_an_option_is_refused(gene: Gene, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        gene.parse(value)


@pytest.mark.parametrize("value", [[], [{"units": 8}] * 4, {"units": 8}, "abc", None, 2])
def test_a_wrong_number_of_layers_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^needs a list of 2 to 3 layers$"):
        Layers(2, 3, UNITS).parse(value)


def test_the_faults_of_all_layers_are_named_at_once() -> None:
    with pytest.raises(ValueError) as caught:
        Layers(1, 4, UNITS).parse([{"units": 9}, {"units": 8}, {"unit": 8}, 5])
    assert str(caught.value).split("; ") == [
        "layer 0: units: 9 is not one of 8, 16, 32",
        "layer 2: no gene 'unit'",
        "layer 2: units: is missing",
        "layer 3: expected names and values, got 5",
    ]


# --- chance ---------------------------------------------------------------------------------------


def test_a_choice_mutates_to_every_other_option_and_never_stays() -> None:
    rng = Random(0)
    found = {Choice("a", "b", "c").mutate("b", rng, rate=1) for _ in range(50)}
    assert found == {"a", "c"}


def test_a_flag_flips() -> None:
    assert Flag().mutate(value=False, rng=Random(0), rate=1) is True
    assert Flag().mutate(value=True, rng=Random(0), rate=1) is False


@pytest.mark.parametrize(("here", "near"), [(1, {2}), (2, {1, 4}), (8, {4})])
def test_an_ordinal_moves_to_a_neighbour(here: int, near: set[int]) -> None:
    rng = Random(0)
    assert {Ordinal(1, 2, 4, 8).mutate(here, rng, rate=1) for _ in range(50)} == near


@pytest.mark.parametrize("gene", [Choice("a"), Ordinal(1)])
def test_a_gene_with_one_option_stays(gene: Gene) -> None:
    assert gene.mutate(gene.rest, Random(0), rate=1) == gene.rest


@pytest.mark.parametrize("gene", [Choice("a", "b"), Ordinal(1, 2), Flag(), Layers(1, 3, UNITS)])
def test_nothing_changes_at_rate_zero(gene: Gene) -> None:
    rng = Random(0)
    for value in (gene.sample(rng) for _ in range(20)):
        assert gene.mutate(value, rng, rate=0) == value


def test_the_rate_is_the_share_of_changed_values() -> None:
    rng = Random(0)
    changed = sum(Flag().mutate(value=False, rng=rng, rate=0.25) for _ in range(4000))
    assert 900 < changed < 1100


def test_stacks_start_short() -> None:
    rng = Random(0)
    lengths = [len(Layers(2, 50, UNITS).sample(rng)) for _ in range(2000)]
    assert min(lengths) == 2
    assert 3.8 < sum(lengths) / len(lengths) < 4.2


@pytest.mark.parametrize(("count", "lengths"), [(1, {2}), (2, {1, 3}), (3, {2})])
def test_a_stack_grows_or_shrinks_by_one_layer_within_its_bounds(
    count: int, lengths: set[int]
) -> None:
    stack, rng = Layers(1, 3, UNITS), Random(0)
    assert {len(stack.mutate(layers(*[8] * count), rng, rate=1)) for _ in range(50)} == lengths


def test_a_stack_of_fixed_length_keeps_it() -> None:
    assert len(Layers(2, 2, UNITS).mutate(layers(8, 8), Random(0), rate=1)) == 2


def test_layers_are_added_and_removed_everywhere() -> None:
    stack, rng = Layers(1, 4, {"mark": Choice("a", "b", "c", "new")}), Random(0)
    parent = [Genes({"mark": mark}) for mark in "abc"]
    found = Counter(
        tuple(layer["mark"] for layer in stack.step(tuple(parent), rng)) for _ in range(600)
    )
    grown = {child.index("new") for child in found if child.count("new")}
    assert grown == {0, 1, 2, 3}
    assert {("b", "c"), ("a", "c"), ("a", "b")} <= found.keys()


@pytest.mark.parametrize(("shorter", "longer"), [(3, 4), (2, 5), (3, 3)])
def test_crossover_cuts_once_and_is_as_deep_as_the_second_parent(shorter: int, longer: int) -> None:
    stack, rng = Layers(1, 5, UNITS), Random(0)
    for mine, yours in ((shorter, longer), (longer, shorter)):
        mother, father = layers(*[8] * mine), layers(*[32] * yours)
        children = [stack.cross(mother, father, rng) for _ in range(80)]
        found = {tuple(layer["units"] for layer in child) for child in children}
        assert found == {(8,) * cut + (32,) * (yours - cut) for cut in range(shorter + 1)}


# --- likeness -------------------------------------------------------------------------------------


def test_numbers_are_alike_by_their_distance() -> None:
    gene = Ordinal(1, 2, 4, 8, 16)
    assert [gene.similarity(1, other) for other in gene.options] == [1, 0.75, 0.5, 0.25, 0]


def test_a_missing_layer_is_unlike() -> None:
    gene = Layers(1, 4, UNITS)
    assert gene.similarity(layers(8), layers(8)) == 1
    assert gene.similarity(layers(8), layers(8, 8)) == 0.5
    assert gene.similarity(layers(8, 8, 8, 8), layers(16)) == 0.125


# --- as a recipe wants them -----------------------------------------------------------------------

KERNEL = Ordinal(3, 5, 7, start=5, wider=range(1, 16, 2))
RATE = Ordinal(0.1, 0.5, wider=(0.0, 0.9))


def test_options_can_be_fixed_narrowed_and_widened() -> None:
    assert KERNEL.customised(3).options == (3,)
    assert KERNEL.customised([3, 7]).options == (3, 7)
    assert KERNEL.customised([1, 3, 11]).options == (1, 3, 11)
    assert RATE.customised(0).options == (0.0,)
    assert Choice("a", "b", wider=("c",)).customised(["c", "a"]).options == ("c", "a")
    assert Flag().customised(True).options == (True,)
    assert (KERNEL.options, RATE.options) == ((3, 5, 7), (0.1, 0.5))


@pytest.mark.parametrize(
    ("gene", "wish", "message"),
    [
        (
            KERNEL,
            4,
            "4 is not one of 3, 5, 7, and may be given whole numbers from 1 to 15 in steps",
        ),
        (KERNEL, [3, "x"], "x is not one of 3, 5, 7"),
        (KERNEL, True, "yes is not one of"),
        (KERNEL, 3.5, "3.5 is not one of"),
        (KERNEL, [3, 3], "distinct options"),
        (KERNEL, [7, 3], "rising order"),
        (KERNEL, [], "distinct options"),
        (RATE, 0.95, "0.95 is not one of 0.1, 0.5, and may be given numbers from 0.0 to 0.9"),
        (Ordinal(16, 64), 128, "may be given whole numbers from 16 to 64"),
        (Choice("a", "b", wider=("c",)), "d", "d is not one of a, b, and may be given c"),
        (Choice("a", "b"), "d", "d is not one of a, b$"),
        (Flag(), 1, "1 is not one of no, yes"),
        (Layers(2, 5, UNITS), 1, "1 is not a number of layers from 2 to 100"),
        (Layers(2, 5, UNITS), [4, 3], "such as"),
        (Layers(2, 5, UNITS), [2, 3, 4], "such as"),
        (Layers(2, 5, UNITS), "few", "few is not a number of layers"),
    ],
)
def test_what_cannot_be_wished_for(gene: Gene, wish: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gene.customised(wish)


def test_a_start_that_is_left_out_moves_to_the_closest_number() -> None:
    assert KERNEL.customised([7, 9]).start == 7
    assert Choice("a", "b", start="a").customised("b").start is None


def test_layers_can_be_held_to_some() -> None:
    gene = Layers(2, 50, UNITS, role="depth")
    assert gene.customised(7).allowed == "a list of 7 to 7 layers"
    assert gene.customised([2, 80]).allowed == "a list of 2 to 80 layers"
    assert gene.customised(7).role == "depth"


def test_a_gene_at_rest_is_the_same_however_it_is_customised() -> None:
    """Or one network would have two fingerprints, in two runs or at two levels."""
    assert KERNEL.customised([5, 7]).rest == KERNEL.rest == 3
    stack = Layers(1, 5, UNITS)
    assert stack.customised([3, 4]).rest == stack.rest


# --- as close as can be ---------------------------------------------------------------------------


def test_numbers_fit_the_closest_and_other_values_are_drawn() -> None:
    assert [KERNEL.fit(value, Random(0)) for value in (1, 4.4, 5, 99)] == [3, 5, 5, 7]
    assert {KERNEL.fit(None, Random(i)) for i in range(20)} == {3, 5, 7}
    assert {Choice("a", "b").fit("c", Random(i)) for i in range(20)} == {"a", "b"}
    assert Choice("a", "b").fit("b", Random(0)) == "b"


def test_layers_fit_one_by_one() -> None:
    stack = Layers(2, 3, UNITS)
    assert stack.fit(layers(8, 9, 32, 8), Random(0)) == layers(8, 8, 32)
    (first, _second) = stack.fit(layers(16), Random(0))
    assert first["units"] == 16
    assert 2 <= len(stack.fit("layers", Random(0))) <= 3


# --- how many there are ---------------------------------------------------------------------------


def test_sizes_count_what_can_be_told_apart() -> None:
    assert (KERNEL.size, Flag().size) == (3, 2)
    assert Layers(1, 3, {"a": Flag()}).size == 2 + 4 + 8
    genes = {"on": Flag(), "a": KERNEL, "b": Choice("x", "y", when={"on": True})}
    assert count_records(genes) == 3 + 3 * 2
