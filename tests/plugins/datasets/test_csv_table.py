"""Tables as spreadsheets and scripts write them, and what a table that is wrong is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snas_plugins.datasets import csv_table
from snas_plugins.datasets.csv_table import CsvTable
from snas_plugins.datasets.folder import ClassFolders

from snas_cli.api import DataRequest, LabelledImages
from snas_cli.errors import DataError
from snas_cli.testing import check_dataset
from tests.plugins.datasets.pictures import save, table, value


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with six pictures, 0.png to 5.png, each as bright as its number."""
    for i in range(6):
        save(tmp_path / f"{i}.png", i)
    return tmp_path


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def loaded(path: Path, **columns: Any) -> LabelledImages:
    return check_dataset(CsvTable(), DataRequest(path, path.parent, **columns))


def read(folder: Path, text: str | bytes, **columns: Any) -> list[tuple[str, str]]:
    """Names of pictures and of their classes."""
    data = loaded(written(folder, text), **columns)
    return [(Path(path).name, label) for path, label in table(data)]


@contextmanager
def refused(message: str) -> Iterator[None]:
    with pytest.raises(DataError) as caught:
        yield
    assert message in str(caught.value)


CATS_AND_DOGS = [("0.png", "cat"), ("1.png", "dog")]


@pytest.mark.parametrize(
    "text",
    [
        "image,label\n0.png,cat\n1.png,dog\n",
        "image,label\n0.png,cat\n1.png,dog",
        "image,label\r\n0.png,cat\r\n1.png,dog\r\n",
        "\ufeffimage,label\n0.png,cat\n1.png,dog\n",
        "image;label\n0.png;cat\n1.png;dog\n",
        "image\tlabel\n0.png\tcat\n1.png\tdog\n",
        '"image","label"\n"0.png","cat"\n"1.png","dog"\n',
        '"image";"label"\n"0.png";"cat"\n"1.png";"dog"\n',
        "image, label\n 0.png , cat\n\n1.png, dog \n,\n",
        "label,other,image\ncat,,0.png\ndog,x,1.png\n",
        "image,label\n0.png,cat,,\n1.png,dog\n",
        "image,label;of,several\n0.png,x;y,cat\n1.png,z,dog\n".replace("several", "label"),
    ],
    ids=["plain", "no end of line", "CRLF", "BOM", "semicolons", "tabs", "quotes", "both",
         "spaces and empty lines", "other columns", "empty fields at the end", "separators"],
)  # fmt: skip
def test_tables_of_all_kinds(photos: Path, text: str) -> None:
    assert read(photos, text) == CATS_AND_DOGS


def test_pictures_are_those_of_the_rows(photos: Path) -> None:
    data = loaded(written(photos, "image,label\n3.png,cat\n1.png,dog\n5.png,cat\n"))
    assert [value(data.train, i) for i in range(3)] == [3, 1, 5]
    assert list(data.train.labels) == [0, 1, 0]
    assert data.val is None
    assert data.test is None


def test_labels_are_text_in_the_order_of_numbers(photos: Path) -> None:
    rows = "".join(f"{i}.png,{label}\n" for i, label in enumerate([10, 9, 0, 2, -1, 1.5]))
    data = loaded(written(photos, "image,label\n" + rows))
    assert data.classes == ("-1", "0", "1.5", "2", "9", "10")


def test_unicode_and_quoted_fields(photos: Path) -> None:
    save(photos / "café" / 'a, "b"\n.png')
    text = 'image,label\n"café/a, ""b""\n.png","日本, ""x"""\n1.png,ñ\n'
    assert read(photos, text) == [(r'a, "b"\x0a.png', '日本, "x"'), ("1.png", "ñ")]


def test_paths_are_relative_to_the_table_or_absolute(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(photos / "tables" / "2.png", 7)
    monkeypatch.chdir(photos)
    path = written(photos / "tables", f"image,label\n../0.png,cat\n{photos}/1.png,dog\n2.png,cat\n")
    for several in (path, path.relative_to(photos)):
        data = loaded(several)
        assert [value(data.train, i) for i in range(3)] == [0, 1, 7]


def test_columns_of_other_names(photos: Path) -> None:
    text = "file;species\n0.png;cat\n1.png;dog\n"
    assert read(photos, text, image_column="file", label_column="species") == CATS_AND_DOGS


def test_splits_in_any_case_and_spelling(photos: Path) -> None:
    names = ["train", "TRAIN", "Val", "valid", "validation", "test"]
    rows = [f"{i}.png,{'cat' if i == 0 else 'dog'},{name}\n" for i, name in enumerate(names)]
    data = loaded(written(photos, "image,label,part\n" + "".join(rows)), split_column="part")
    sizes = [len(table(data, split)) for split in ("train", "val", "test")]
    assert sizes == [2, 3, 1]


def test_a_column_called_split_need_not_be_named(photos: Path) -> None:
    """Or rows that a person keeps for the test would be learned from."""
    rows = [
        f"{i}.png,{'cat' if i % 2 else 'dog'},{'test' if i == 5 else 'train'}\n" for i in range(6)
    ]
    data = loaded(written(photos, "image,label,split\n" + "".join(rows)))
    assert [len(table(data, split)) for split in ("train", "test")] == [5, 1]
    with pytest.raises(DataError, match="'nonsense' is no split"):
        loaded(written(photos, "image,label,split\n0.png,cat,test\n1.png,dog,nonsense\n"))


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/\r"), min_size=1, max_size=9)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1), st.sampled_from(",;\t"), st.booleans())
def test_what_is_written_is_read(rows: list[tuple[str, str]], separator: str, bom: bool) -> None:
    """Rows without spaces at the ends of fields, which do not count."""
    rows = [(name.strip() or "x", label.strip() or "y") for name, label in rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([("image", "label"), *rows])
    encoded = text.getvalue().encode("utf-8-sig" if bom else "utf-8")
    path = Path("labels.csv")
    decoded = encoded.decode("utf-8-sig")
    request = DataRequest(path, path)
    assert csv_table._separator(path, decoded, request) == separator
    found = list(csv_table._lines(path, decoded, separator))[1:]
    assert [tuple(fields) for _, fields in found] == rows


# --- tables that are wrong ------------------------------------------------------------------------

WRONG = {
    "no image column": (
        "images,label\n0.png,cat\n",
        ":1: there is no column 'image'; did you mean 'images'? (the first line of the table "
        "names its columns, data.image_column the one to use)",
    ),
    "no label column": (
        "image,species,size\n0.png,cat,3\n",
        ":1: there is no column 'label'; known: image, species, size (the first line",
    ),
    "no header": ("0.png,cat\n1.png,dog\n", ":1: there is no column 'image'; known: 0.png, cat ("),
    "header further down": ("\n\nimage,x\n0.png,cat\n", ":3: there is no column 'label'; "),
    "two label columns": (
        "image,label,label\n0.png,cat,dog\n",
        ":1: there are several columns 'label'; rename all but one",
    ),
    "too few fields": (
        "image,label\n0.png,cat\n\n1.png\n",
        ":4: 1 of 2 fields; fill in the row or take it out",
    ),
    "too many fields": (
        "image,label\n0.png,cat\n1.png,dog, brown\n",
        ":3: 3 of 2 fields; one that holds the separator needs quotes",
    ),
    "empty label": (
        'image,label\n0.png,"a\ncat"\n1.png,\n',
        ":4: the label is empty; fill it in or take the row out",
    ),
    "empty path": ("image,label\n0.png,cat\n,dog\n", ":3: the image is empty; fill it in"),
    "open quote": (
        'image,label\n0.png,cat\n1.png,"dog\n2.png,cat\n',
        ":3: unexpected end of data; is a quote left open?",
    ),
    "twice": (
        "image,label\n0.png,cat\n1.png,dog\n./0.png,dog\n",
        "0.png is in line 2 already; keep one",
    ),
    "only a header": ("image,label\n", " holds no rows, only its header"),
    "empty file": ("", " is empty; its first line names the columns: image,label"),
    "only a BOM": ("\ufeff\r\n", " is empty; its first line"),
    "Latin-1": (
        "image,label\n0.png,cat\n1.png,ch\xe2t\n".encode("latin-1"),
        ":3: byte 0xe2 is not UTF-8; save the table as CSV UTF-8",
    ),
    "UTF-16": ("image,label\n".encode("utf-16"), ":1: byte 0xff is not UTF-8; save"),
    "workbook": (b"PK\x03\x04\x14\x00", " is a workbook or an archive, not a CSV; save it as"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_table_that_is_wrong(photos: Path, text: str | bytes, message: str) -> None:
    path = written(photos, text)
    with refused(f"{path}{message}" if message[0] in ": " else message):
        loaded(path)


def test_pictures_that_are_not_there(photos: Path) -> None:
    rows = "".join(f"{i}.jpg,cat\n" for i in range(1500))
    path = written(photos, f"image,label\n0.png,cat\n{rows}.,dog\n")
    with pytest.raises(DataError) as caught:
        loaded(path)
    first, *named = str(caught.value).split("\n")
    assert first.startswith(f"{path}: 1,501 of 1,502 pictures are not there; --set ")
    assert named == [*(f"{path}:{i + 3}: {photos}/{i}.jpg" for i in range(3)), "and 1,498 more"]


def test_pictures_that_are_not_there_can_be_left_out(photos: Path) -> None:
    """Not all of them: then it is the folder that is wrong."""
    path = written(photos, "image,label\n0.png,cat\n1.png,dog\n9.png,dog\n")
    data = loaded(path, skip_bad=True)
    with pytest.raises(FileNotFoundError):
        value(data.train, 2)
    written(photos, "image,label\n8.png,cat\n9.png,dog\n")
    with refused("2 of 2 pictures are not there; paths are absolute"):
        loaded(path, skip_bad=True)


def test_split_columns_that_are_wrong(photos: Path) -> None:
    path = written(photos, "image,label,split\n0.png,cat,train\n1.png,dog,tset\n")
    with refused(f"{path}:3: 'tset' is no split; did you mean 'test'?"):
        loaded(path, split_column="split")
    with refused(f"{path}:1: there is no column 'splits'; did you mean 'split'? (the"):
        loaded(path, split_column="splits")
    written(photos, "image,label,split\n0.png,cat,\n")
    with refused(f"{path}:2: '' is no split; known: train, val, valid, validation, test"):
        loaded(path, split_column="split")
    written(photos, "image,label,split\n0.png,cat,test\n1.png,dog,val\n")
    with refused(f"{path} has no row whose split is train, to learn from"):
        loaded(path, split_column="split")
    written(photos, "image,label,split\n0.png,cat,train\n1.png,dog,train\n2.png,emu,test\n")
    with refused(f"{path} has classes without training pictures: emu"):
        loaded(path, split_column="split")


def test_what_belongs_together(photos: Path) -> None:
    text = "image,label,patient\n" + "".join(f"{i}.png,{'ab'[i % 2]},P{i // 3}\n" for i in range(6))
    path = written(photos, text)
    assert loaded(path).train.groups is None
    assert loaded(path, group_column="patient").train.groups == ["P0"] * 3 + ["P1"] * 3
    written(photos, text.replace("patient", "group"))
    assert loaded(path).train.groups == ["P0"] * 3 + ["P1"] * 3  # need not be named


def test_groups_that_are_wrong(photos: Path) -> None:
    path = written(photos, "image,label,group\n0.png,cat,7\n1.png,dog,\n")
    with refused(f"{path}:3: the group is empty; fill it in or take the row out"):
        loaded(path)
    written(
        photos, "image,label,group,split\n0.png,cat,7,train\n1.png,dog,8,train\n2.png,dog,7,test\n"
    )
    with refused(f"{path}:4: group '7' is in test here and in train in line 2; what belongs"):
        loaded(path)


def test_what_is_no_table(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused("the data set 'csv' needs the path to your table"):
        CsvTable().load(DataRequest(None, photos))
    with refused(f"{photos} is a folder; name the table in it: {photos}/labels.csv"):
        loaded(photos)
    with refused(f"{photos}/labels.csv: No such file or directory"):
        loaded(photos / "labels.csv")
    path = written(photos, "image,label\n" + "0.png,cat\n" * 10**5)
    monkeypatch.setattr(csv_table, "MAX_BYTES", 10**6)
    with refused(f"{path} has 1.0 MB; a table has at most 1 MB"):
        loaded(path)


def test_a_table_over_class_folders_gives_what_the_folders_give(
    signs: Path, tmp_path: Path
) -> None:
    folders = ClassFolders().load(DataRequest(signs, tmp_path))
    rows = [
        (name, label, split) for split in ("train", "test") for name, label in table(folders, split)
    ]
    with (tmp_path / "signs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "label", "split"), *rows])
    listed = loaded(tmp_path / "signs.csv", split_column="split")
    assert listed.classes == folders.classes
    for split in ("train", "test"):
        assert table(listed, split) == table(folders, split)
        ours, theirs = getattr(listed, split), getattr(folders, split)
        assert ours.labels == theirs.labels
        assert ours.images.stamp(0) == theirs.images.stamp(0)
        with ours.images.open(7) as one, theirs.images.open(7) as other:
            assert one.tobytes() == other.tobytes()
    assert listed.val is None
