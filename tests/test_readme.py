"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from snas_cli.api import Family
from snas_cli.app import make_app
from snas_cli.errors import RecipeError
from snas_cli.recipe.document import parse_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import space_of
from snas_cli.registry import Registry
from snas_cli.testing import check_family
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in found if containing in text)


def test_the_plugin_works_and_is_as_short_as_we_say() -> None:
    source = block("python", "Perceptron")
    assert len(source.splitlines()) <= 27
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102 - our own README
    (family,) = names["snas_register_families"]()  # type: ignore[operator]
    assert isinstance(family, Family)
    check_family(family)


def test_the_recipe_is_sound_and_its_fault_is_told_as_shown(registry: Registry) -> None:
    text = block("yaml", "max_params")
    assert check(parse_document(text, "my.yaml"), registry).limits.max_params == 300_000
    faulty = text.replace("generations", "generatoins")
    with pytest.raises(RecipeError) as caught:
        check(parse_document(faulty, "my.yaml"), registry)
    assert f"snas: {caught.value}" in README


def test_the_customised_space_is_sound(registry: Registry) -> None:
    recipe = check(parse_document(block("yaml", "mutation_rate"), "my.yaml"), registry)
    space = space_of(recipe.space, registry)
    assert list(space.families) == ["cnn", "resnet", "vit"]
    assert space.genes("vit")["dropout"].options == (0.1,)


def test_every_command_is_described(registry: Registry) -> None:
    app = make_app(registry)
    commands = [command.callback.__name__.replace("_", "-") for command in app.registered_commands]  # type: ignore[union-attr]
    groups = [str(group.name) for group in app.registered_groups]
    assert len(commands + groups) == 13
    for name in commands + groups:
        assert f"`snas {name}" in README


def test_no_recipe_is_missing_from_the_list(registry: Registry) -> None:
    for path in sorted((ROOT / "recipes").glob("*.yaml")):
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["data"]["dataset"]
        assert data in registry.names("dataset")
        assert f"`{data}`" in README or data == "folder"


def test_its_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {
        f"#{re.sub(r'[^a-z0-9 -]', '', text.lower()).replace(' ', '-')}" for text in headings
    }
    links = re.findall(r"\]\((?!https?:)(.+?)\)", README)
    assert links
    assert [to for to in links if to not in anchors and not (ROOT / to).exists()] == []
