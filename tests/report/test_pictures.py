"""The report's drawings as files of their own: whole, in colour, and with a reason for each that
there is not."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from snas_cli.experiment.assembly import trials_of
from snas_cli.registry import Registry
from snas_cli.report.charts import progress_chart
from snas_cli.report.colours import DARK, LIGHT, Paper
from snas_cli.report.page import write_report_pictures
from snas_cli.report.pictures import DRAWING, Part, standing_alone
from snas_cli.search.wording import Measure
from tests.experiment import tiny
from tests.search.runs import trials


@pytest.mark.parametrize("paper", [LIGHT, DARK])
def test_a_chart_that_stands_alone_has_heading_and_colours(paper: Paper) -> None:
    chart = DRAWING.findall(progress_chart(trials(), Measure("accuracy", "val_acc")))[0]
    alone = standing_alone(chart, "Every <candidate>", paper)
    root = ET.fromstring(alone)  # noqa: S314 - our own
    assert "Every <candidate>" in ["".join(each.itertext()) for each in root]
    assert paper.colours[0] in alone
    assert "var(" not in alone
    _, top, _, height = map(float, root.attrib["viewBox"].split())
    assert top < 0
    assert height == float(root.attrib["height"])


def test_a_part_is_taken_apart_between_its_elements() -> None:
    drawing = '<svg viewBox="0 0 1 1"></svg>'
    part = Part("a", "A", f'<p>x</p><div class="wide">{drawing}</div>\n<p>y</p>')
    assert [piece.strip() for piece in part.pieces] == ["<p>x</p>", drawing, "<p>y</p>"]


def test_a_part_without_a_drawing_says_why_in_a_sentence() -> None:
    part = Part("a", "A", "<p>None: see <code>snas evaluate</code>.</p><table><td>x</td></table>")
    assert part.reason == "None: see snas evaluate."


def test_a_picture_of_each_drawing_and_a_reason_for_each_without(
    registry: Registry, tmp_path: Path
) -> None:
    pytest.importorskip("vl_convert", reason="needs snas[png]")
    folder = tiny.search(registry, tmp_path).folder
    pictured = list(write_report_pictures(folder, trials_of(folder, registry), tmp_path / "png"))
    names = {path.name for each in pictured for path in each.files}
    assert names == {"progress.png", "generations.png", "training.png", "network.png",
                     "scores.png", "scores-2.png"}  # fmt: skip
    for path in (tmp_path / "png").iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 200, path
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20, path
    missing = {each.part.name: each.part.reason for each in pictured if not each.files}
    assert "so there is no front" in missing["front"]
    assert missing["genes"].startswith("Unknown: 10 architectures were judged alike")
    assert "<" not in "".join(missing.values())
