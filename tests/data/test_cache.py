"""Pictures are decoded once: what is kept, when it is made again, and what cannot be read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snas_cli.api import DataRequest, Pictures, Split
from snas_cli.data import cache as cache_module
from snas_cli.data.cache import Cache, content_key
from snas_cli.data.decoding import Form, Unreadable
from snas_cli.data.store import Decoded, Streamed
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings
from snas_cli.registry import Registry
from tests.data.photos import colours, greys


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return greys(tmp_path / "photos")


def load(registry: Registry, photos: Path, cache: Path, **settings: object) -> TaskData:
    chosen = DataSettings.model_validate({"path": str(photos), **settings})
    request = DataRequest(photos, photos)
    return prepare(registry.dataset("folder"), request, chosen, seed=0, kept=Kept(cache))


def pixels(data: TaskData) -> list[int]:
    return [int(image[0, 0, 0]) for images, _ in data.train.in_order() for image in images]


def test_the_second_time_no_picture_is_opened(
    registry: Registry, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(registry, photos, tmp_path / "cache")
    monkeypatch.setattr(Image, "open", lambda _: pytest.fail("a picture was opened"))
    second = load(registry, photos, tmp_path / "cache")
    assert isinstance(second.train.store, Decoded)
    assert pixels(first) == pixels(second)
    assert first.digest() == second.digest()


def test_another_size_or_a_changed_picture_is_decoded_anew(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    load(registry, photos, cache)
    assert load(registry, photos, cache, image_size=8).task.input_shape == (1, 8, 8)
    before = load(registry, photos, cache)
    changed = photos / "cat" / "3.png"
    Image.new("L", (12, 12), 255).save(changed)
    os.utime(changed, ns=(1, 1))
    assert load(registry, photos, cache).digest() != before.digest()


def test_workers_share_the_file(registry: Registry, photos: Path, tmp_path: Path) -> None:
    store = load(registry, photos, tmp_path / "cache").train.store
    assert isinstance(store, Decoded)
    (file,) = (tmp_path / "cache").glob("*.npy")
    with Path("/proc/self/maps").open() as maps:
        assert any(str(file) in line for line in maps)


@pytest.mark.parametrize("damage", ["cut", "emptied", "gone", "other"])
def test_a_damaged_file_is_made_again(
    registry: Registry, photos: Path, tmp_path: Path, damage: str
) -> None:
    whole = pixels(load(registry, photos, tmp_path / "cache"))
    (file,) = (tmp_path / "cache").glob("*.npy")
    if damage == "cut":
        os.truncate(file, file.stat().st_size - 100)
    elif damage == "emptied":
        os.truncate(file, 0)
    elif damage == "gone":
        file.unlink()
    else:
        np.save(file, np.zeros((3, 3)))
    assert pixels(load(registry, photos, tmp_path / "cache")) == whole


def test_bad_pictures_are_named_and_can_be_left_out(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    for i in range(6):
        (photos / "cat" / f"bad{i}.png").write_bytes(b"" if i else b"not a picture")
    cut = photos / "dog" / "7.png"
    cut.write_bytes(cut.read_bytes()[:-30])
    with pytest.raises(DataError) as caught:
        load(registry, photos, tmp_path / "cache")
    message = str(caught.value)
    assert "cat/bad0.png: not a picture" in message
    assert "and 2 more, which `snas datasets check` names" in message
    assert "--set data.on_bad_image=skip" in message
    for _ in range(2):  # decoded, and from the cache
        data = load(registry, photos, tmp_path / "cache", on_bad_image="skip")
        assert len(data.source.bad) == 7
        assert sum(map(len, data.splits.values())) == 15
        assert not [name for name in data.names(data.train) if "/bad" in name]
        assert "/bad" not in data.manifest()


def test_what_pillow_remarks_is_not_shown(registry: Registry, photos: Path, tmp_path: Path) -> None:
    """A broken EXIF block, say: the picture is read all the same. Warnings are errors here."""
    broken = b"Exif\0\0MM\0*" + b"\xff" * 4
    Image.new("RGB", (12, 12)).save(photos / "cat" / "x.jpg", exif=broken)
    assert len(load(registry, photos, tmp_path / "cache").source.bad) == 0
    assert len(load(registry, photos, tmp_path / "cache", max_cache_bytes=1).source.bad) == 0


def test_what_is_not_there_is_kept_in_mind_and_looked_for(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    lost = photos / "cat" / "lost.png"
    lost.symlink_to(tmp_path / "elsewhere.png")
    data = load(registry, photos, tmp_path / "cache", on_bad_image="skip")
    assert data.source.left_out() == " (1 left out, which cannot be read)"
    assert list(data.source.bad.values()) == [Unreadable(str(lost), "No such file or directory")]
    assert isinstance(data.train.store, Decoded)
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 1
    Image.new("L", (12, 12)).save(tmp_path / "elsewhere.png")
    assert not load(registry, photos, tmp_path / "cache").source.bad


def test_a_full_disk_is_said(
    registry: Registry, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The space is taken before anything is written to the mapped file."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(
        DataError, match=r"cannot keep decoded pictures in .*No space left on device"
    ):
        load(registry, photos, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_leftovers_of_a_killed_process_are_removed(
    registry: Registry, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module.socket, "gethostname", lambda: "here")
    cache = tmp_path / "cache"
    cache.mkdir()
    dead, alive, elsewhere = (
        cache / f"key.{name}.partial"
        for name in ("here.99999999", f"here.{os.getpid()}", "there.1")
    )
    for file in (dead, alive, elsewhere):
        file.write_bytes(b"x")
    load(registry, photos, cache)
    assert [file.exists() for file in (dead, alive, elsewhere)] == [False, True, True]


def test_the_key_of_arrays_is_their_content() -> None:
    images = np.zeros((4, 8, 8), dtype=np.uint8)
    other = images.copy()
    other[3, 7, 7] = 1
    keys = {content_key([Split(a, [0] * 4)], size) for a in (images, other) for size in (None, 8)}
    assert len(keys) == 4
    assert content_key([Split(images.copy(), [0] * 4)], None) in keys


class Unstamped(Pictures):
    def __len__(self) -> int:
        return 1

    def open(self, index: int) -> Image.Image:
        return Image.new("L", (8, 8), 7)

    def describe(self, index: int) -> str:
        return "made up"


def test_pictures_without_a_stamp_are_not_kept(tmp_path: Path) -> None:
    assert content_key([Split(Unstamped(), [0])], None) is None
    decoding = Cache(tmp_path).fill("key", [Split(Unstamped(), [0])], Form(1, 8))
    assert int(decoding.images[0, 0, 0, 0]) == 7


# --- streamed -------------------------------------------------------------------------------------


def test_a_set_too_large_for_the_cache_is_streamed_and_gives_the_same(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    colours(photos, ("emu",))
    kept = load(registry, photos, tmp_path / "cache")
    streamed = load(registry, photos, tmp_path / "other", max_cache_bytes=100)
    assert isinstance(streamed.train.store, Streamed)
    assert not (tmp_path / "other").exists()
    assert (kept.mean, kept.std) == (streamed.mean, streamed.std)
    groups = torch.randperm(len(kept.train), generator=torch.Generator().manual_seed(0)).split(3)
    pairs = zip(kept.train.batches(groups), streamed.train.batches(groups), strict=True)
    for (images, labels), (others, their_labels) in pairs:
        assert torch.equal(images, others)
        assert torch.equal(labels, their_labels)
    assert kept.manifest() == streamed.manifest()


def test_bad_pictures_of_a_streamed_set_are_known_before_it_is_used(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    (photos / "cat" / "bad.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"cat/bad\.png"):
        load(registry, photos, tmp_path, max_cache_bytes=100)
    data = load(registry, photos, tmp_path, max_cache_bytes=100, on_bad_image="skip")
    assert sum(map(len, data.splits.values())) == 16


def test_what_is_kept_can_be_deleted_and_nothing_else(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    data = load(registry, photos, cache)
    (cache / "notes.json").write_text("mine")
    sets, size = Cache(cache).clear()
    assert (sets, [path.name for path in cache.iterdir()]) == (1, ["notes.json"])
    assert size > 16 * 144
    assert len(pixels(data)) == len(data.train)  # it is mapped, and so still there
    assert Cache(cache).clear() == (0, 0)
    assert Cache(tmp_path / "nowhere").clear() == (0, 0)


def test_what_cannot_be_read_at_all_is_named(
    registry: Registry, photos: Path, tmp_path: Path
) -> None:
    """Where nothing is left to go on with: of a class, of a split, of the whole."""

    def told() -> str:
        with pytest.raises(DataError) as caught:
            load(registry, photos, tmp_path / "cache", on_bad_image="skip")
        return str(caught.value)

    (photos / "emu").mkdir()
    (photos / "emu" / "1.png").write_bytes(b"")
    assert f"and 1 that cannot ({photos}/emu/1.png, say: not a picture)" in told()
    for name in ("cat", "dog"):
        (photos / "train").mkdir(exist_ok=True)
        (photos / name).rename(photos / "train" / name)
    (photos / "test").mkdir()
    (photos / "emu").rename(photos / "test" / "cat")
    assert told() == (
        "there are no pictures to test: of the split test, not one can be read "
        f"({photos}/test/cat/1.png, say: not a picture)"
    )
    for path in photos.rglob("*.png"):
        path.write_bytes(b"")
    first = photos / "train" / "cat" / "0.png"
    assert told() == f"not one of the pictures can be read: {first}, say: not a picture"
