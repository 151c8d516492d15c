"""Class folders as people have them, and what a folder that is wrong is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from snas_plugins.datasets.folder import ClassFolders

from snas_cli.api import DataRequest, LabelledImages
from snas_cli.errors import DataError
from snas_cli.testing import check_dataset
from tests.plugins.datasets.pictures import save, table, value


def loaded(path: Path) -> LabelledImages:
    return check_dataset(ClassFolders(), DataRequest(path, path))


def message(path: Path | None) -> str:
    with pytest.raises(DataError) as caught:
        ClassFolders().load(DataRequest(path, Path()))
    return str(caught.value)


def test_real_class_folders(tmp_path: Path) -> None:
    """train and test beside each other, a hidden file, a text file, unicode and nested folders."""
    for split in ("train", "test"):
        for label in ("schön", "日本"):
            folder = tmp_path / split / label / "deeper"
            for i in range(5):
                save(folder / f"{i}.PNG", i)
            (folder / ".hidden.png").write_text("not a picture")
            (folder / "notes.txt").write_text("nor this")
    data = loaded(tmp_path)
    assert data.classes == ("schön", "日本")
    assert data.test is not None
    assert len(data.train.images) == len(data.test.images) == 10
    assert data.val is None
    assert [value(data.train, i) for i in range(10)] == [0, 1, 2, 3, 4] * 2
    assert list(data.train.labels) == [0] * 5 + [1] * 5


def test_a_folder_in_a_class_folder_belongs_to_the_class(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "persian" / "1.png")
    save(tmp_path / "cat" / "2.png")
    save(tmp_path / "dog" / "1.png")
    assert [name for _, name in table(loaded(tmp_path))] == ["cat", "cat", "dog"]


def test_classes_that_are_numbers_are_in_their_order(tmp_path: Path) -> None:
    for name in ("0", "1", "2", "10"):
        save(tmp_path / name / "1.png")
    assert loaded(tmp_path).classes == ("0", "1", "2", "10")
    save(tmp_path / "3b" / "1.png")
    assert loaded(tmp_path).classes == ("0", "1", "10", "2", "3b")


def test_splits_in_any_case_and_spelling(tmp_path: Path) -> None:
    for split in ("Train", "VALID", "Test"):
        for label in ("cat", "dog"):
            save(tmp_path / split / label / "1.png")
    data = loaded(tmp_path)
    assert data.val is not None
    assert len(data.val.labels) == 2
    assert data.test is not None


def test_a_test_split_may_lack_a_class(tmp_path: Path) -> None:
    for place in ("train/cat", "train/dog", "test/dog"):
        save(tmp_path / place / "1.png")
    data = loaded(tmp_path)
    assert data.test is not None
    assert list(data.test.labels) == [1]


def test_a_picture_without_bytes_is_told_when_it_is_read(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png")
    save(tmp_path / "dog" / "1.png").write_bytes(b"")
    data = ClassFolders().load(DataRequest(tmp_path, tmp_path))
    with pytest.raises(OSError, match="cannot identify"):
        value(data.train, 1)


def test_the_path_is_needed() -> None:
    assert message(None) == "the data set 'folder' needs the path to your pictures"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert message(tmp_path / "photos") == f"{tmp_path}/photos: No such file or directory"
    (tmp_path / "file").touch()
    assert message(tmp_path / "file") == f"{tmp_path}/file: Not a directory"


def test_a_folder_without_class_folders(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert f"{tmp_path} holds no class folders; put the pictures of" in message(tmp_path)
    for i in range(3):
        save(tmp_path / f"{i}.png")
    assert f"{tmp_path} holds 3 pictures but no class folders; put" in message(tmp_path)


def test_one_class_folder(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png")
    assert f"{tmp_path} holds one class folder only, cat; put the pictures" in message(tmp_path)


def test_a_folder_too_high_up(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        save(tmp_path / "photos" / name / "1.png")
    hint = f"only, photos; did you mean {tmp_path}/photos, which holds cat, dog?"
    assert message(tmp_path).endswith(hint)


def test_an_empty_class_folder_says_what_is_in_it(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png")
    (tmp_path / "dog").mkdir()
    (tmp_path / "emu" / "2024").mkdir(parents=True)
    for i in range(12):
        (tmp_path / "emu" / "2024" / f"{i}.HEIC").touch()
    (tmp_path / "fox").mkdir()
    (tmp_path / "fox" / "README").touch()
    lines = message(tmp_path).split("\n")
    assert lines[0] == f"{tmp_path}/dog holds no pictures"
    assert lines[1].startswith(f"{tmp_path}/emu holds no pictures; 12 .heic files are of a kind ")
    assert lines[2].startswith(f"{tmp_path}/fox holds no pictures; 1 file without a suffix is of ")
    assert lines[3].startswith("put pictures there (.bmp, .gif, ")
    assert lines[3].endswith("or take the folders away")


def test_an_empty_class_folder_of_the_test_split(tmp_path: Path) -> None:
    for place in ("train/cat", "train/dog", "test/dog"):
        save(tmp_path / place / "1.png")
    (tmp_path / "test" / "cat").mkdir()
    assert message(tmp_path).startswith(f"{tmp_path}/test/cat holds no pictures\n")


def test_a_class_that_only_the_test_split_has_is_named(tmp_path: Path) -> None:
    for place in ("train/cat", "train/dog", "test/cat", "test/emu"):
        save(tmp_path / place / "1.png")
    assert message(tmp_path) == f"{tmp_path} has classes without training pictures: emu"


def test_a_split_beside_classes(tmp_path: Path) -> None:
    for name in ("cat", "dog", "test"):
        save(tmp_path / name / "1.png")
    assert f"{tmp_path} holds test beside cat, dog: is it split into" in message(tmp_path)


def test_two_folders_for_a_split(tmp_path: Path) -> None:
    for name in ("train", "val", "valid"):
        save(tmp_path / name / "cat" / "1.png")
    assert message(tmp_path) == f"{tmp_path} holds val and valid; make them one folder"


def test_no_split_to_learn_from(tmp_path: Path) -> None:
    for name in ("test", "val"):
        save(tmp_path / name / "cat" / "1.png")
    assert message(tmp_path) == f"{tmp_path} holds test, val but no folder train, to learn from"


def test_files_that_are_passed_over_are_told(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for place in ("cat", "dog"):
            save(tmp_path / split / place / "1.png")
    assert loaded(tmp_path).remarks == []
    save(tmp_path / "train" / "loose.png")
    (tmp_path / "test" / "cat" / "deep").mkdir()
    for i in range(2):
        (tmp_path / "test" / "cat" / "deep" / f"{i}.HEIC").touch()
    assert loaded(tmp_path).remarks == [
        f"passed over in the class folders of {tmp_path}/test: 2 .heic files",
        f"passed over in {tmp_path}/train: 1 .png file in no class folder",
    ]


def test_class_names_must_be_text(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png")
    save(Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xf6g")) / "1.png")
    assert (
        message(tmp_path)
        == f"{tmp_path}/d\\xf6g: the name is not plain text in UTF-8; rename the folder"
    )


def test_photographs_of_traffic_signs(signs: Path) -> None:
    data = loaded(signs)
    assert data.test is not None
    assert (len(data.classes), len(data.train.labels), len(data.test.labels)) == (15, 1485, 580)
    assert data.classes[14] == "00014_stop"
