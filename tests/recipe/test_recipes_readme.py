"""recipes/README.md knows every recipe, and no other."""

from __future__ import annotations

import re

from tests.conftest import ROOT

RECIPES = ROOT / "recipes"


def test_every_recipe_is_described() -> None:
    text = (RECIPES / "README.md").read_text(encoding="utf-8")
    described = set(re.findall(r"\]\(([\w-]+\.yaml)\)", text))
    assert described == {path.name for path in RECIPES.glob("*.yaml")}
    assert set(re.findall(r"recipes/([\w-]+\.yaml)", text)) <= described
