"""From pictures of any kind to tensors of one size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snas_cli.api import DataRequest, LabelledImages, Pictures
from snas_cli.data.decoding import (
    Form,
    Unreadable,
    fitted_array,
    form_of,
    picture_shape,
    read_picture,
    unremarked,
)
from snas_cli.registry import Registry


def folder_of(path: Path, *pictures: Image.Image, suffix: str = "png", **save: object) -> Path:
    """Two classes with the same pictures."""
    for label in ("a", "b"):
        (path / label).mkdir(parents=True)
        for i, picture in enumerate(pictures):
            picture.save(path / label / f"{i}.{suffix}", **save)
    return path


def load(registry: Registry, path: Path) -> LabelledImages:
    return registry.dataset("folder").load(DataRequest(path, path))


def decode(data: LabelledImages, form: Form) -> np.ndarray:
    """All training pictures."""
    pictures = data.train.images
    assert isinstance(pictures, Pictures)
    images = [read_picture(pictures, i, form) for i in range(len(pictures))]
    return np.stack([image for image in images if not isinstance(image, Unreadable)])


def plain(mode: str, size: tuple[int, int] = (20, 20)) -> Image.Image:
    return Image.new("RGB", size, (200, 100, 50)).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_colours_come_out_the_same_whatever_the_mode(
    registry: Registry, tmp_path: Path, mode: str
) -> None:
    suffix = "tiff" if mode == "CMYK" else "png"
    data = load(registry, folder_of(tmp_path / "x", plain(mode), suffix=suffix))
    images = decode(data, form_of(data, None))
    assert images.shape == (2, 3, 20, 20)
    pixel = images[0, :, 10, 10].astype(int)
    assert abs(pixel - [200, 100, 50]).max() <= 4  # a palette is coarse


def test_grey_pictures_have_one_channel(registry: Registry, tmp_path: Path) -> None:
    data = load(registry, folder_of(tmp_path / "x", plain("L"), plain("1")))
    assert form_of(data, None) == Form(1, 20)


def test_one_picture_in_colour_makes_all_of_them_so(registry: Registry, tmp_path: Path) -> None:
    data = load(registry, folder_of(tmp_path / "x", plain("L"), plain("RGB")))
    assert form_of(data, None) == Form(3, 20)


def test_sixteen_bits_become_eight_by_scaling(registry: Registry, tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((20, 20), 32768, dtype=np.uint16))
    data = load(registry, folder_of(tmp_path / "x", deep))
    assert np.unique(decode(data, form_of(data, None))).tolist() == [127]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_are_grey_in_any_order_of_bytes(
    registry: Registry, tmp_path: Path, mode: str
) -> None:
    deep = Image.new(mode, (20, 20), 32768)
    path = folder_of(tmp_path / "x", deep, suffix="tif")
    with Image.open(path / "a" / "0.tif") as picture:
        assert picture.mode == mode
    data = load(registry, path)
    assert form_of(data, None) == Form(1, 20)
    assert np.unique(decode(data, Form(1, 20))).tolist() == [127]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((9, 9), 0.5, np.float32), "its pixels are fractions; save it with 8 or 16 bits"),
        (np.full((9, 9), 70_000, np.int32), "its pixels are numbers of 32 bits; save it with 8"),
    ],
)
def test_pixels_that_might_mean_anything_are_refused(
    registry: Registry, tmp_path: Path, values: np.ndarray, reason: str
) -> None:
    data = load(registry, folder_of(tmp_path / "x", Image.fromarray(values), suffix="tif"))
    pictures = data.train.images
    assert isinstance(pictures, Pictures)
    refused = read_picture(pictures, 0, Form(1, 9))
    assert isinstance(refused, Unreadable)
    assert refused.reason.startswith(reason)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_on_white(registry: Registry, tmp_path: Path, mode: str) -> None:
    """A black drawing on nothing has black pixels only: the drawing is in its alpha."""
    drawing = Image.new("LA", (20, 20), (0, 0))
    drawing.paste((0, 255), (0, 0, 20, 10))
    if mode == "P":
        palette = Image.new("P", (20, 20), 1)
        palette.putpalette([0, 0, 0, 0, 0, 0])
        palette.paste(0, (0, 0, 20, 10))
        path = folder_of(tmp_path / "x", palette, transparency=1)
    else:
        path = folder_of(tmp_path / "x", drawing.convert(mode))
    data = load(registry, path)
    image = decode(data, form_of(data, None))[0]
    assert np.unique(image[:, :10]).tolist() == [0]
    assert np.unique(image[:, 10:]).tolist() == [255]


def test_a_photograph_is_turned_upright(registry: Registry, tmp_path: Path) -> None:
    lying = Image.new("RGB", (40, 40))
    lying.paste((255, 255, 255), (0, 0, 20, 40))  # the left half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: the left becomes the top
    data = load(registry, folder_of(tmp_path / "x", lying, suffix="jpg", exif=exif))
    image = decode(data, Form(3, 16))[0].astype(float)
    assert image[:, :6].mean() > 250
    assert image[:, 10:].mean() < 5


@pytest.mark.parametrize(
    ("sizes", "asked", "size"),
    [
        ([(30, 50), (50, 30), (40, 44)], None, 48),
        ([(12, 12)], None, 12),
        ([(4, 4)], None, 8),
        ([(2000, 1500)], None, 64),
        ([(2000, 1500)], 100, 100),
    ],
)
def test_a_size_is_suggested(
    registry: Registry, tmp_path: Path, sizes: list[tuple[int, int]], asked: int | None, size: int
) -> None:
    pictures = [plain("RGB", each) for each in sizes]
    data = load(registry, folder_of(tmp_path / "x", *pictures))
    form = form_of(data, asked)
    assert form == Form(3, size)
    assert decode(data, form).shape[2:] == (size, size)


def test_arrays_need_no_detour() -> None:
    images = np.arange(3 * 8 * 8, dtype=np.uint8).reshape(3, 8, 8)
    assert fitted_array(images, Form(1, 8)).squeeze(1).tolist() == images.tolist()
    assert fitted_array(images, Form(1, 16)).shape == (3, 1, 16, 16)
    assert fitted_array(images, Form(3, 8)).shape == (3, 3, 8, 8)


def test_a_decompression_bomb_is_refused(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(registry, folder_of(tmp_path / "x", plain("RGB", (100, 100))))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    pictures = data.train.images
    assert isinstance(pictures, Pictures)
    for refused in (picture_shape(pictures, 0), read_picture(pictures, 0, Form(3, 16))):
        assert isinstance(refused, Unreadable)
        assert refused.name.endswith("a/0.png")
        assert "decompression bomb" in refused.reason
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9_999)  # Pillow itself only warns
    with unremarked():
        refused = read_picture(pictures, 0, Form(3, 16))
    assert isinstance(refused, Unreadable)
    assert "decompression bomb" in refused.reason


def test_what_cannot_be_read_has_no_say_in_the_form(registry: Registry, tmp_path: Path) -> None:
    path = folder_of(tmp_path / "x", plain("L"))
    (path / "a" / "bad.png").write_bytes(b"")
    assert form_of(load(registry, path), None) == Form(1, 20)
