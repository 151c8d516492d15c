"""What an exporter must keep to."""

from __future__ import annotations

from pathlib import Path

from snas_cli.api import (
    Exporter,
    ModelCard,
)
from snas_cli.testing.networks import small_network


def check_exporter(exporter: Exporter, folder: Path) -> None:
    """What is written, loaded in its own runtime, computes what the network computes."""
    import torch

    torch.manual_seed(0)
    network = small_network().eval()
    card = ModelCard(
        architecture={"family": "small", "genes": {}},
        input_shape=(3, 12, 10),
        classes=("cat", "dog", "emu"),
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.2, 0.3),
    )
    model, *others = exporter.write(network, card, folder)
    assert all(path.is_file() for path in (model, *others)), f"{exporter.name}: files are missing"
    runtime = exporter.load(model)
    for count in (1, 5):
        images = torch.randn(count, *card.input_shape)
        with torch.no_grad():
            expected = network(images)
        actual = torch.from_numpy(runtime(images.numpy()))
        assert actual.shape == expected.shape, f"{exporter.name}: logits {tuple(actual.shape)}"
        difference = (actual - expected).abs().max().item()
        assert difference < 1e-3, f"{exporter.name}: logits differ by {difference}"
