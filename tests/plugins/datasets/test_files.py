"""Which files are pictures, how they are opened, and when their stamps change."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError
from snas_plugins.datasets._files import PictureFiles, contents, few, shown

from snas_cli.errors import DataError
from tests.plugins.datasets.pictures import save


def inside(folder: Path) -> list[str]:
    return [str(Path(path).relative_to(folder)) for path in contents(folder).pictures]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    for place in (
        "b.PNG",
        ".a.png",
        ".thumbnails/c.png",
        "__MACOSX/h.png",
        "d/e.jpeg",
        "d/.f/g.png",
    ):
        save(tmp_path / place)
    assert inside(tmp_path) == ["b.PNG", "d/e.jpeg"]


def test_the_order_is_that_of_folders_and_names(tmp_path: Path) -> None:
    """Sorted as whole texts, a-b/1 would come before a/1."""
    for place in ("b.png", "a/2.png", "a/10.png", "a-b/1.png"):
        save(tmp_path / place)
    assert inside(tmp_path) == ["a/10.png", "a/2.png", "a-b/1.png", "b.png"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    """To a picture, to a folder elsewhere, to the same folder again, back up, and to itself."""
    save(tmp_path / "elsewhere" / "1.png")
    save(tmp_path / "set" / "cat" / "2.png")
    save(tmp_path / "set" / "dog" / "3.png")
    cat = tmp_path / "set" / "cat"
    (cat / "0.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (cat / "more").symlink_to(tmp_path / "elsewhere")
    (cat / "more again").symlink_to(tmp_path / "elsewhere")
    (cat / "up").symlink_to(tmp_path / "set")
    (cat / "here").symlink_to(cat)
    assert inside(cat) == ["0.png", "2.png", "more/1.png"]
    linked = tmp_path / "linked"
    linked.symlink_to(cat)
    assert inside(linked) == ["0.png", "2.png", "more/1.png"]


def test_a_link_that_leads_nowhere_is_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "1.png").symlink_to(tmp_path / "gone.png")
    pictures = PictureFiles(contents(tmp_path).pictures)
    assert pictures.stamp(0) == str(tmp_path / "1.png")
    with pytest.raises(FileNotFoundError):
        pictures.open(0)


def test_a_stamp_changes_when_a_picture_may_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what could not be read once is left out for ever: its size and time are the same."""
    pictures = PictureFiles([str(save(tmp_path / "1.png"))])
    before = pictures.stamp(0)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert pictures.stamp(0) != before


def test_a_name_is_shown_on_one_line_and_sends_nothing_to_the_terminal() -> None:
    assert shown("a\nb\x1b[31m.png") == r"a\x0ab\x1b[31m.png"


def test_a_link_to_itself_is_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "1.png").symlink_to("1.png")
    (tmp_path / "folder").symlink_to("folder")
    pictures = PictureFiles(contents(tmp_path).pictures)
    assert len(pictures) == 1
    with pytest.raises(OSError, match="Too many levels"):
        pictures.open(0)


def test_what_is_no_file_is_no_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")  # to open it would take forever
    (tmp_path / "2.png").symlink_to("1.png")
    assert contents(tmp_path).pictures == []


def test_folders_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: str) -> None:
        raise PermissionError(13, "Permission denied", place)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=f"{tmp_path}: Permission denied"):
        contents(tmp_path)


def test_stamps_change_with_the_picture(tmp_path: Path) -> None:
    first, second = save(tmp_path / "a" / "1.png"), save(tmp_path / "b" / "1.png")
    os.utime(first, ns=(5, 1_000_000_007))
    os.utime(second, ns=(5, 1_000_000_007))
    pictures = PictureFiles([str(first), str(second)])
    before = pictures.stamp(0)
    assert before == f"{first} {first.stat().st_size} 1000000007"
    assert before != pictures.stamp(1)
    os.utime(first, ns=(5, 1_000_000_008))
    assert pictures.stamp(0) != before


def test_stamps_of_relative_paths_name_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "1.png")
    monkeypatch.chdir(tmp_path)
    assert PictureFiles(["1.png"]).stamp(0) == PictureFiles([str(tmp_path / "1.png")]).stamp(0)


def test_names_that_are_no_text_can_be_shown(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    save(Path(path))
    pictures = PictureFiles(contents(tmp_path).pictures)
    with pictures.open(0) as picture:
        assert picture.size == (9, 9)
    assert pictures.describe(0) == f"{tmp_path}/caf\\xe9.png"
    assert str(pictures.stamp(0)).encode().startswith(pictures.describe(0).encode())


def test_no_picture_starts_a_program(tmp_path: Path) -> None:
    """Pillow hands EPS to Ghostscript, whatever the file is called."""
    Image.new("L", (9, 9)).save(tmp_path / "1.eps")
    (tmp_path / "1.eps").rename(tmp_path / "1.png")
    with pytest.raises(UnidentifiedImageError):
        PictureFiles(contents(tmp_path).pictures).open(0)


@pytest.mark.parametrize("suffix", ["bmp", "gif", "jpg", "pgm", "png", "ppm", "tif", "webp"])
def test_every_kind_that_is_listed_opens(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"1.{suffix}")
    with PictureFiles(contents(tmp_path).pictures).open(0) as picture:
        assert picture.size == (9, 9)


def test_pictures_travel_to_other_processes(tmp_path: Path) -> None:
    there = pickle.loads(pickle.dumps(PictureFiles([str(save(tmp_path / "1.png"))])))  # noqa: S301
    assert there.describe(0) == str(tmp_path / "1.png")


def test_a_few_of_many() -> None:
    assert few(["a"]) == "a"
    assert few(list("abc")) == "a, b, c"
    assert few(list("abcdef")) == "a, b, c, and 3 more"
