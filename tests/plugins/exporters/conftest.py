"""Two small networks with all that exporters must keep, and their card."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation, StochasticDepth

from snas_cli.api import ModelCard

INPUT_SHAPE = (3, 12, 12)
CLASSES = ("ant", "bee", "cat", "dog", "eel", "fly", "größe")


class ConvNet(nn.Module):
    """Batch norm, SELU, a residual, attention over channels, dropouts, a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv2dNormActivation(3, 8, 3, activation_layer=nn.SELU)
        self.branch = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), StochasticDepth(0.2, "row")
        )
        self.attention = SqueezeExcitation(8, 2)
        self.scale = nn.Parameter(torch.rand(1, 8, 1, 1))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.AlphaDropout(0.5), nn.Linear(8, len(CLASSES))
        )

    def forward(self, images: Tensor) -> Tensor:
        stem = self.stem(images)
        return self.head(self.attention(stem + self.scale * self.branch(stem)))


def mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(3 * 12 * 12, 16), nn.BatchNorm1d(16), nn.ELU(), nn.Dropout(0.5),
        nn.Linear(16, len(CLASSES)),
    )  # fmt: skip


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", params=[ConvNet, mlp], ids=["convnet", "mlp"])
def network(request: pytest.FixtureRequest) -> nn.Module:
    """In evaluation mode, with the statistics of a few batches."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        network: nn.Module = request.param()
        for _ in range(3):
            network(torch.randn(8, *INPUT_SHAPE) + 1)
    return network.eval()


@pytest.fixture(scope="session")
def card() -> ModelCard:
    architecture = {"family": "cnn", "genes": {"dropout": 0.5, "layers": [{"kernel": 3}] * 2}}
    return ModelCard(architecture, INPUT_SHAPE, CLASSES, (0.1, 0.25, 0.5), (1 / 3, 0.2, 0.3))
