"""What an exporter must keep to."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.api import Exporter, ModelCard, NotRunHereError, Runtime, Sample, Source, Written
from snas_cli.registry import Registry
from snas_cli.testing.networks import small_network

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

CARD = ModelCard(
    architecture={"family": "small", "genes": {}},
    input_shape=(3, 12, 10),
    classes=("cat", "dog", "emu"),
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.3),
)
CLOSE = 1e-3  # of a logit
ALIKE = 0.8  # of pictures given the same class, by what a lossy format writes of noise


def check_exporter(exporter: Exporter, folder: Path) -> None:
    """What is written, loaded in its own runtime, computes what the network computes; or nearly
    that, where the format is lossy. Not checked further: what is not installed or not run here."""
    assert exporter.summary, f"{exporter.name} needs a summary"
    if exporter.available() is not None:
        return
    source = sample_source(folder / "others")
    written = _written(exporter, source, folder / exporter.name)
    try:
        runtime = exporter.load(written.files[0])
    except NotRunHereError:
        return
    for count in (1, 5, 64):
        _check_logits(exporter, source, runtime, count)


def sample_source(
    others: Path, network: Callable[[], nn.Module] = small_network, *, card: ModelCard = CARD
) -> Source:
    """A network with its first weights, and noise for pictures, labelled as the network says.
    What other exporters write goes into `others`, once."""
    import torch

    torch.manual_seed(0)
    built = network().eval()
    images = torch.randn(128, *card.input_shape)
    if card.pixels:
        images = torch.randint(0, 256, (128, *card.input_shape), dtype=torch.uint8)
    with torch.no_grad():
        sample = Sample(images.numpy(), built(images).argmax(1).numpy())
    registry = Registry.installed()
    models: dict[str, Path] = {}

    def model_by(name: str) -> Path:
        if name not in models:
            models[name] = _written(registry.exporter(name), source, others / name).files[0]
        return models[name]

    source = Source(built, card, sample, sample, model_by)
    return source


def _written(exporter: Exporter, source: Source, folder: Path) -> Written:
    folder.mkdir(parents=True, exist_ok=True)
    written = exporter.write(source, folder)
    assert all(path.exists() for path in written.files), f"{exporter.name}: files are missing"
    script = exporter.example(source.card)
    if script is not None:
        ast.parse(script, f"predict_{exporter.name}.py")  # raises SyntaxError
    return written


def _check_logits(exporter: Exporter, source: Source, runtime: Runtime, count: int) -> None:
    import torch

    images = torch.from_numpy(source.validation.images[:count].copy())
    with torch.no_grad():
        expected = source.network(images).numpy()
    actual: np.ndarray = runtime(images.numpy())
    assert actual.shape == expected.shape, f"{exporter.name}: logits {actual.shape}"
    assert actual.dtype == "float32", f"{exporter.name}: logits of {actual.dtype}"
    difference = float(abs(actual - expected).max())
    if exporter.lossless:
        assert difference < CLOSE, f"{exporter.name}: logits differ by {difference}"
    elif count > 10:
        alike = float((actual.argmax(1) == expected.argmax(1)).mean())
        assert alike >= ALIKE, f"{exporter.name}: {alike:.0%} of pictures are given the same class"
