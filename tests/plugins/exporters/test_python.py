"""The Python exporter: source that reads well, runs alone, and computes the very same logits."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from snas_plugins.exporters.python import Python
from torch import Tensor, nn
from torch.nn import functional

from snas_cli.api import ExportError, ModelCard
from snas_cli.export.sources import Preprocessed, bare_source

RUN_ALONE = """
import runpy, sys
sys.modules["snas_cli"] = sys.modules["snas_plugins"] = None  # importing them raises
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def model(network: nn.Module, card: ModelCard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    files = Python().write(bare_source(network, card), folder).files
    assert files == [folder / "model.py", folder / "model.safetensors", folder / "labels.txt"]
    return files[0]


def assert_same(network: nn.Module, model: Path, shape: tuple[int, int, int], count: int) -> None:
    images = torch.randn(count, *shape, generator=torch.Generator().manual_seed(count))
    given = images.clone().numpy()
    with torch.inference_mode():
        expected = network(images.clone())
    assert torch.equal(torch.from_numpy(Python().load(model)(given)), expected)
    assert torch.equal(torch.from_numpy(given), images)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_logits_are_equal(model: Path, network: nn.Module, card: ModelCard, count: int) -> None:
    assert_same(network, model, card.input_shape, count)


def run_alone(model: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", RUN_ALONE, str(model), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)


def test_model_classifies_a_picture_by_itself(model: Path, card: ModelCard, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.effect_mandelbrot((40, 30), (-2, -1, 1, 1), 9).convert("LA").save(picture)
    ended = run_alone(model, "picture.png", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [re.fullmatch(r" *(\d+\.\d)%  (\w+)", line) for line in ended.stdout.splitlines()]
    found = [(float(line[1]), line[2]) for line in lines if line]
    assert len(found) == len(lines) == 5
    assert found == sorted(found, key=lambda pair: -pair[0])
    assert {label for _, label in found} < set(card.classes)


def test_model_says_how_it_is_used_and_what_it_cannot_read(card: ModelCard, tmp_path: Path) -> None:
    model, *_ = Python().write(bare_source(nn.Flatten().eval(), card), tmp_path).files
    ended = run_alone(model, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "usage: python model.py PICTURE\n")
    Image.new("I;16", (8, 8)).save(tmp_path / "deep.png")
    ended = run_alone(model, "deep.png", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        1, "deep.png: more than 8 bits a channel; save it with 8\n",
    )  # fmt: skip


def test_source_is_formatted(model: Path) -> None:
    for length in ("88", "100"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", length]
        ended = subprocess.run(
            [*command, "--diff", model], capture_output=True, check=False, text=True
        )
        assert ended.returncode == 0, ended.stdout


def test_source_has_the_card(model: Path, card: ModelCard) -> None:
    tree = ast.parse(model.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Tuple)
    }
    assert constants == {"INPUT_SHAPE": card.input_shape, "MEAN": card.mean, "STD": card.std}
    docstring = ast.get_docstring(tree) or ""
    assert docstring.endswith("\n        layers:\n            kernel 3\n            kernel 3")
    labels = model.with_name("labels.txt").read_text(encoding="utf-8")
    assert tuple(labels.splitlines()) == card.classes


def test_weights_have_the_names_in_the_source(model: Path) -> None:
    assigned = re.findall(r"self\.(\w+) = nn\.", model.read_text(encoding="utf-8"))
    weights = load_file(model.with_name("model.safetensors"))
    assert {name.partition(".")[0] for name in weights} <= set(assigned)


def test_who_may_read_the_source_may_read_the_weights(model: Path) -> None:
    assert len({file.stat().st_mode for file in model.parent.iterdir()}) == 1


def test_nothing_tells_where_it_was_made(model: Path) -> None:
    for file in model.parent.iterdir():
        data = file.read_bytes().replace(b"model.py", b"")
        for trace in (str(Path.cwd()), str(Path(torch.__file__).parents[1]), sys.prefix, ".py"):
            assert trace.encode() not in data


def test_loading_leaves_nothing_behind(model: Path) -> None:
    modules, files = set(sys.modules), set(model.parent.iterdir())
    state = torch.random.get_rng_state()
    Python().load(model)
    assert set(sys.modules) == modules
    assert set(model.parent.iterdir()) == files
    assert torch.equal(torch.random.get_rng_state(), state)


# --- all that a forward pass can do ---------------------------------------------------------------


class Shuffle(nn.Module):
    """Arithmetic with sizes, tuples, slices, and a buffer, for batches of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, (3, 1), padding=(1, 0), padding_mode="reflect")
        self.register_buffer("steps", torch.arange(8).view(1, 8, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        n, c, h, w = self.conv(images).shape
        x = self.conv(images).view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, -1, h, w)
        x = x * -0.5 + self.steps
        left, right = x.chunk(2, dim=1)
        x = torch.cat([left * right.sigmoid(), right[:, :, : h // 2].mean((2, 3), keepdim=True)
                       .expand(-1, -1, h, w), x[..., -1:].expand_as(x)], dim=1)  # fmt: skip
        return functional.adaptive_max_pool2d(x, 1)[:, :, 0, 0]


class Dense(nn.Module):
    """Many values alive at once, which make long lines; names that clash."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.ModuleDict({"b_c": nn.Conv2d(3, 3, 1), "d-e": nn.Conv2d(3, 3, 1)})
        self.a_b = nn.ModuleDict({"c": nn.Conv2d(3, 3, 1)})
        self.add_module("lambda", nn.Conv2d(3, 3, 1))
        self.branches = nn.ModuleList(nn.Conv2d(3, 3, 1, bias=bool(i % 2)) for i in range(40))

    def forward(self, images: Tensor) -> Tensor:
        images = self.a["b_c"](images) + self.a_b["c"](images) - self.a["d-e"](images)
        images = getattr(self, "lambda")(images) @ images
        images.relu_()
        every = torch.cat([branch(images) for branch in self.branches], dim=1)
        torch._assert(every.shape[1] == 120, "channels")
        return every.mean((2, 3))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 12))
        self.norm = nn.LayerNorm((12,))
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.norm(torch.cat([self.token.expand(images.shape[0], -1, -1), images[:, 0]], 1))
        return self.attention(tokens, tokens, tokens, need_weights=False)[0][:, 0]


def pools() -> nn.Module:
    """Settings that the repr of a layer keeps to itself."""
    return nn.Sequential(
        nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
        nn.Conv2d(3, 4, (3, 5), stride=(1, 2), padding="valid", dilation=(1, 1)),
        nn.GroupNorm(2, 4), nn.PReLU(4), nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(),
    )  # fmt: skip


def tied() -> nn.Module:
    first, second = nn.Linear(12, 12), nn.Linear(12, 12)
    second.weight = first.weight
    return nn.Sequential(first, nn.Hardswish(), second, first, nn.Flatten())


@pytest.mark.parametrize("make", [Shuffle, Dense, Attention, pools, tied])
def test_forward_passes_of_all_kinds(
    make: Callable[[], nn.Module], card: ModelCard, tmp_path: Path
) -> None:
    network = make().eval()
    model, *_ = Python().write(bare_source(network, card), tmp_path).files
    for count in (1, 2, 5):
        assert_same(network, model, card.input_shape, count)
    test_source_is_formatted(model)


def test_a_chain_of_layers_reads_as_written_by_hand(card: ModelCard, tmp_path: Path) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 7),
    )  # fmt: skip
    model, *_ = Python().write(bare_source(network.eval(), card), tmp_path).files
    body = model.read_text(encoding="utf-8").partition("super().__init__()\n")[2]
    assert body.partition("\n\n\ndef load")[0] == (
        "        self.layer_0 = nn.Conv2d(3, 4, 3, padding=1, bias=False)\n"
        "        self.layer_1 = nn.BatchNorm2d(4)\n"
        "        self.layer_2 = nn.ReLU()\n"
        "        self.layer_4 = nn.AdaptiveAvgPool2d(1)\n"
        "        self.layer_5 = nn.Flatten()\n"
        "        self.layer_6 = nn.Linear(4, 7)\n"
        "\n"
        "    def forward(self, images: Tensor) -> Tensor:\n"
        "        x = self.layer_0(images)\n"
        "        x = self.layer_1(x)\n"
        "        x = self.layer_2(x)\n"
        "        x = self.layer_4(x)\n"
        "        x = self.layer_5(x)\n"
        "        return self.layer_6(x)"
    )


# --- what cannot be written -----------------------------------------------------------------------


class Undecided(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images if images.sum() > 0 else -images


class Foreign(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return torch.fft.fft(images).real


def hooked() -> nn.Module:
    layer = nn.Conv2d(3, 3, 1)
    layer.register_forward_hook(lambda _layer, _inputs, output: output * 2)
    return nn.Sequential(layer)


def parametrized() -> nn.Module:
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 3, 1)))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(12, 2, 16, batch_first=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.encoder(images[:, 0])


def mismatched() -> nn.Module:
    return nn.Conv2d(1, 1, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Encoder, r"cannot write encoder, a TransformerEncoderLayer: it is not a plain layer"),
        (parametrized, r"cannot write 0, a ParametrizedConv2d"),
        (hooked, r"cannot write 0, a Conv2d"),
        (Foreign, r"cannot write fft_fft\(\): it is not a function of torch"),
        (Undecided, r"the forward pass cannot be recorded: symbolically traced variables"),
        (mismatched, r"the forward pass cannot be recorded: .*channels"),
    ],
)
def test_what_cannot_be_written_is_an_export_error(
    make: Callable[[], nn.Module], message: str, card: ModelCard, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=f"python: {message}"):
        Python().write(bare_source(make().eval(), card), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_line_break_in_a_class_is_an_export_error(card: ModelCard, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"line break"):
        Python().write(bare_source(nn.Flatten(), replace(card, classes=("a\nb",))), tmp_path)


def test_two_channels_are_an_export_error(card: ModelCard, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"pictures of 2 channels; can write 1 \(grey\) or 3"):
        Python().write(bare_source(nn.Flatten(), replace(card, input_shape=(2, 8, 8))), tmp_path)


def test_missing_weights_are_an_export_error(card: ModelCard, tmp_path: Path) -> None:
    source = bare_source(nn.Sequential(nn.Flatten()), card)
    model, weights, _ = Python().write(source, tmp_path).files
    weights.unlink()
    with pytest.raises(ExportError, match=r"model\.py: torch cannot load it: .*safetensors"):
        Python().load(model)


def test_a_network_of_pixels_is_normalised_once(
    network: nn.Module, card: ModelCard, tmp_path: Path
) -> None:
    card = replace(card, pixels=True)
    whole = Preprocessed(network, card).eval()
    model, *_ = Python().write(bare_source(whole, card), tmp_path).files
    pixels = torch.randint(0, 256, (3, *card.input_shape), dtype=torch.uint8)
    with torch.inference_mode():
        expected = whole(pixels)
    assert torch.equal(torch.from_numpy(Python().load(model)(pixels.numpy())), expected)
    assert "MEAN" not in model.read_text(encoding="utf-8")
    test_source_is_formatted(model)
    test_model_classifies_a_picture_by_itself(model, card, tmp_path)
