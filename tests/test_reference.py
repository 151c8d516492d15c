"""The references that are made from the code are as the code is, and every option that snas
promises is there: as a flag and as a recipe key."""

from __future__ import annotations

import pytest
import typer

from snas_cli.app import make_app
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.scripting.options import OPTIONS, flag
from tests.reference import COMMANDS, KEYS, commands_reference, keys_reference

PROMISED = {  # what people ask for: the command and its flag, and the recipe key
    "dataset": ("search --dataset", "data.dataset"),
    "network type": ("search --families", "space.families"),
    "population size": ("search --population-size", "search.population_size"),
    "generations": ("search --generations", "search.generations"),
    "gpu ids": ("search --gpu-ids", "execution.gpu_ids"),
    "output dir": ("search --output-dir", "output.folder"),
    "patience": ("search --patience", "training.patience"),
    "min delta": ("search --min-delta", "training.min_delta"),
    "monitor": ("search --monitor", "training.monitor"),
    "num workers": ("search --workers", "execution.workers"),
    "batch size": ("search --batch-size", "training.batch_size"),
    "checkpoint frequency": ("search --checkpoint-every", "output.checkpoint_every"),
    "resume": ("resume RUN", None),  # a run's own recipe says all
    "weight sharing size": ("search --weight-sharing-max-models", "sharing.max_models"),
    "enable progressive": ("search --progressive", "search.progressive"),
    "fast mode": ("search --fast", "search.rungs.fast"),
    "custom CSV or folder": ("search --path", "data.path"),
    "its name": ("search --name", "output.name"),
    "image size": ("search --image-size", "data.image_size"),
    "export format": ("export --format", None),  # of a run that is finished
}


def test_the_references_are_up_to_date(registry: Registry) -> None:
    """Else: python -m tests.reference"""
    assert KEYS.read_text(encoding="utf-8") == keys_reference()
    assert COMMANDS.read_text(encoding="utf-8") == commands_reference(registry)


def flags_of(registry: Registry, name: str) -> set[str]:
    command = typer.main.get_command(make_app(registry)).commands[name]  # type: ignore[attr-defined]
    options = [flag for parameter in command.params for flag in parameter.opts]
    return {*options, *(parameter.name.upper() for parameter in command.params)}


def is_key(dotted: str) -> bool:
    values = Recipe.model_validate({}).model_dump()
    for part in dotted.split("."):
        if part not in values:
            return False
        values = values[part]
    return True


@pytest.mark.parametrize("promise", PROMISED)
def test_a_promised_option_has_its_flag_and_its_key(promise: str, registry: Registry) -> None:
    place, key = PROMISED[promise]
    command, wanted = place.split()
    assert wanted in flags_of(registry, command)
    if key is not None:
        assert is_key(key)
    if command == "search":
        assert OPTIONS[next(name for name in OPTIONS if flag(name) == wanted)] == key


def test_every_option_of_a_search_is_a_flag_with_a_key(registry: Registry) -> None:
    assert {flag(name) for name in OPTIONS} <= flags_of(registry, "search")
    assert [key for key in OPTIONS.values() if not is_key(key)] == []
