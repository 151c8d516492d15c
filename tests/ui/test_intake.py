"""Uploads: what is taken from a zip, and what a stranger's zip cannot do."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from snas_cli.errors import DataError
from snas_cli.ui.intake import Limits, unpack


def zipped(files: Mapping[str | ZipInfo, bytes]) -> BytesIO:
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    archive.seek(0)
    return archive


def test_class_folders_are_found_inside_others(tmp_path: Path) -> None:
    files = {"photos/cat/1.jpg": b"1", "photos/dog/größe.PNG": b"2", "photos/readme.txt": b"x",
             "__MACOSX/photos/cat/._1.jpg": b"x", "photos/.DS_Store": b"x"}  # fmt: skip
    intake = unpack(zipped(files), tmp_path / "new")
    assert intake.target == tmp_path / "new" / "photos"
    assert (intake.pictures, intake.passed_over) == (2, 3)
    found = sorted(str(path.relative_to(intake.target)) for path in intake.target.rglob("*.*"))
    assert found == ["cat/1.jpg", "dog/größe.PNG"]


def test_a_table_is_what_a_search_starts_on(tmp_path: Path) -> None:
    intake = unpack(zipped({"a/signs.csv": b"image,label\n", "a/1.png": b"1"}), tmp_path / "new")
    assert intake.target == tmp_path / "new" / "a" / "signs.csv"


def link() -> ZipInfo:
    entry = ZipInfo("cat/1.jpg")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"../evil.png": b"1"}, "would not stay in its folder"),
        ({"/etc/evil.png": b"1"}, "would not stay in its folder"),
        ({"a\\..\\evil.png": b"1"}, "would not stay in its folder"),
        ({"C:/evil.png": b"1"}, "would not stay in its folder"),
        ({link(): b"/etc/passwd"}, "is a link or a device"),
        ({"a.png": b"1", "a.png/b.png": b"2"}, "is a file and a folder"),
        ({"notes.txt": b"1"}, "there are no pictures in it"),
        ({"1.csv": b"", "2.csv": b"", "1.png": b"1"}, "it holds 2 tables"),
        ({"bomb.png": bytes(2_000_000)}, "times its size, as pictures never do"),
        ({f"{i}.png": b"1" for i in range(11)}, "it holds 11 files; 10 are the most"),
        ({"large.png": bytes(range(256)) * 4}, "is larger than 0 MB"),
    ],
)
def test_what_is_refused_leaves_nothing(
    tmp_path: Path, files: dict[str | ZipInfo, bytes], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        unpack(zipped(files), tmp_path / "new", Limits(files=10, file_nbytes=1000))
    assert not list(tmp_path.iterdir())


def test_what_is_no_zip(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a zip that can be read"):
        unpack(BytesIO(b"PK\x03\x04 and nothing more"), tmp_path / "new")
    assert not list(tmp_path.iterdir())
