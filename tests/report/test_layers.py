"""The drawing of a network: its parts in order, those that matter."""

from __future__ import annotations

import re

from snas_cli.report.layers import MOST, layers_drawing

CONV = {"name": "0", "kind": "Conv2d", "shape": [8, 4, 4], "params": 1500, "flops": 2_000_000}
DROPOUT = {"name": "1", "kind": "Dropout", "shape": [8, 4, 4], "params": 0, "flops": 0}
POOL = {"name": "2", "kind": "AvgPool2d<x>", "shape": [8, 2, 2], "params": 0, "flops": 0}


def test_parts_with_shapes_and_costs_from_input_to_output() -> None:
    drawing = layers_drawing([CONV, DROPOUT, POOL])
    assert 0 < drawing.index(">8×4×4<") < drawing.index(">8×2×2<")
    for part in (">Conv2d<", ">1.5k<", ">2M<", ">AvgPool2d&lt;x&gt;<"):
        assert part in drawing, part
    assert "Dropout" not in drawing  # it changes nothing of that


def test_the_parts_of_a_stage_are_summed_up() -> None:
    stage = [{**CONV, "name": f"1.2.{i}"} for i in range(3)]
    drawing = layers_drawing([CONV, *stage, POOL])
    assert ">stage of 3 parts<" in drawing
    assert ">4.5k<" in drawing
    assert ">6M<" in drawing
    assert len(re.findall(r">1\.2\.\d<", drawing)) == 3


def test_a_deep_network_is_cut() -> None:
    assert f"The first {MOST} of 70 parts" in layers_drawing([CONV] * 70)


def test_says_why_there_is_none() -> None:
    assert "no layers.json" in layers_drawing(None)
