"""The map of the house shows what tests/test_architecture.py enforces."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.test_architecture import LAYERS

MAP = (ROOT / "snas_cli" / "README.md").read_text(encoding="utf-8")


def test_the_drawing_has_the_layers_from_the_top_down() -> None:
    (drawing,) = re.findall(r"```text\n(.*?)```", MAP, re.DOTALL)
    rooms = [re.split(r"\s{3,}", line.strip())[0].split() for line in drawing.splitlines()]
    assert [tuple(floor) for floor in rooms] == list(LAYERS)


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((.+?)\)", MAP)
    assert links
    assert [link for link in links if not (ROOT / "snas_cli" / link).exists()] == []
