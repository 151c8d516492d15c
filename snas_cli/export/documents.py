"""What lies beside exported files: export.json for programs, README.md for people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from torch import nn

from snas_cli.api import ModelCard
from snas_cli.errors import RunError
from snas_cli.export.exporting import Exported, Material, Options
from snas_cli.runs.documents import read_checked
from snas_cli.runs.files import write_json, write_whole

NAME = "export.json"


class _Written(BaseModel):
    format: str
    file: str | None


class _Report(BaseModel):
    input_shape: tuple[int, int, int]
    classes: list[str]
    pixels: bool
    weights: str
    mean: list[float]
    std: list[float]
    pictures: int
    exports: list[_Written]
    outdated: list[str]


_REPORT = TypeAdapter(_Report)
# What is the same for all exports of one network.
SAME = ("weights", "pixels", "input_shape", "classes", "mean", "std", "pictures")


def report(results: Sequence[Exported], material: Material, options: Options) -> dict[str, Any]:
    """The content of export.json."""
    card = material.card
    asked = {"opset": options.opset, "max_drop": options.max_drop}
    return {
        "snas": version("snas"),
        "architecture": dict(card.architecture),
        "weights": weights_digest(material.network),
        "input_shape": list(card.input_shape),
        "classes": list(card.classes),
        "mean": list(card.mean),
        "std": list(card.std),
        "pixels": card.pixels,
        "pictures": len(material.test.labels),
        "of_pictures": material.test_pictures,
        "exports": [{**asdict(each), **asked} for each in results],
        "outdated": [],
    }


def weights_digest(network: nn.Module) -> str:
    """Equal exactly if the weights are."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def with_earlier(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Also the formats that the same network was written in before, to the same folder. What lies
    there of another network, or of one that takes its pictures otherwise, is named as outdated."""
    try:
        earlier = read_report(folder)
    except RunError:  # there is none, or none that can be read: it is about to be replaced
        return document
    new = {each["format"] for each in document["exports"]}
    old = [
        each
        for each in earlier["exports"]
        if each["format"] not in new and each["file"] and (folder / each["file"]).exists()
    ]
    left = set(earlier["outdated"])
    if all(document[key] == earlier[key] for key in SAME):
        exports = sorted([*document["exports"], *old], key=lambda each: str(each["format"]))
    else:
        exports = document["exports"]
        left |= {each["file"] for each in old}
    left -= {each["file"] for each in exports}
    return {**document, "exports": exports, "outdated": sorted(left)}


def write_documents(folder: Path, document: dict[str, Any], card: ModelCard) -> None:
    """Raises RunError."""
    text = readme(document, card)
    write_json(folder / NAME, document)
    write_whole(folder / "README.md", lambda path: path.write_text(text, encoding="utf-8"))


def read_report(folder: Path) -> dict[str, Any]:
    """Raises RunError where `snas export` wrote nothing there."""
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"there is no {path}; write the files with: snas export")
    try:
        document: dict[str, Any] = read_checked(path, _REPORT)
    except RunError as error:
        raise RunError(f"{error}; write the files anew: snas export") from None
    for each in document["exports"]:
        if each["file"] and not (folder / each["file"]).resolve().is_relative_to(folder.resolve()):
            raise RunError(f"{path} names a file outside of its folder: {each['file']!r}")
    return document


def readme(document: dict[str, Any], card: ModelCard) -> str:
    """README.md."""
    channels, height, width = card.input_shape
    kind = "grey" if channels == 1 else "colour"
    lines = [
        "# An image classifier, exported",
        "",
        f"A network of the family {card.architecture['family']} that tells {len(card.classes)} "
        f"classes apart in {kind} pictures of {height}×{width} pixels. {_input(card)}",
        "",
        f"Each file was run in a process of its own and compared with the network on "
        f"{document['pictures']:,} test pictures. *Drop* is the accuracy lost. *Latency* is that "
        "of one picture at a time on one thread of the machine that wrote the files, at best; "
        "*ratio* compares it with the ONNX file in float32, timed beside it.",
        "",
        "| file | kB | accuracy | drop | same class | latency | ratio | exported in |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(_row(each) for each in document["exports"] if each["file"]),
        "",
        *(line for each in document["exports"] if each["file"] for line in _section(each)),
        *_outdated(document["outdated"]),
        "## Classes",
        "",
        *(f"- {index}: {_escaped(name)}" for index, name in enumerate(card.classes)),
        "",
    ]
    return "\n".join(lines)


def _input(card: ModelCard) -> str:
    if card.pixels:
        return "It takes uint8 pixels, N×C×H×W, and normalises them itself."
    return (f"It takes float32 images, N×C×H×W: pixels divided by 255, less the mean "
            f"{json.dumps(card.mean)}, divided by the deviation {json.dumps(card.std)} of their "
            "channel.")  # fmt: skip


def _row(each: dict[str, Any]) -> str:
    drop = None
    if each["accuracy"] is not None:
        drop = each["network_accuracy"] - each["accuracy"]
    cells = [
        f"{each['size_bytes'] / 1000:,.1f}",
        _text(each["accuracy"], "{:.2%}"), _text(drop, "{:.2%}"),
        _text(each["agreement"], "{:.2%}"), _text(each["latency_min_ms"], "{:.3g} ms"),
        _text(each["latency_ratio"], "{:.2f}"), _text(each["seconds"], "{:.1f} s"),
    ]  # fmt: skip
    return f"| {each['file']} | " + " | ".join(cells) + " |"


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _section(each: dict[str, Any]) -> list[str]:
    lines = [f"## {each['format']}", ""]
    script = each["example"] or (each["file"] if each["file"].endswith(".py") else None)
    if script:
        lines += ["The likeliest classes of a picture:", "", f"    python {script} PICTURE", ""]
    told = list(each["remarks"])
    if each["not_checked"]:
        told.append(f"Not checked: {each['not_checked']}.")
    if each["sound"] is False:
        told.append("**Do not use it: it is not as good as the network.**")
    for sentence in told:
        lines += [sentence, ""]
    return lines if len(lines) > 2 else []


def _outdated(files: Sequence[str]) -> list[str]:
    if not files:
        return []
    return [
        "## Of an earlier export",
        "",
        "Of another network, or of one that takes its pictures otherwise, and so not in the table:",
        "",
        *(f"- {file}" for file in files),
        "",
    ]


def _escaped(name: str) -> str:
    """A stranger's name, which may look like Markdown."""
    return "".join(f"\\{letter}" if letter in r"\`*_[]<>#|" else letter for letter in name)
