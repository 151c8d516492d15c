"""A table of pictures and their labels: CSV, separated by commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from snas_cli.api import DataError, DataRequest, Dataset, LabelledImages, hookimpl
from snas_plugins.datasets._files import few, missing, shown
from snas_plugins.datasets._labels import SPLITS, labelled_images, meant

MAX_BYTES = 200_000_000  # 2 million pictures; a larger file is hardly a table of them
MAX_HEADER = 1_000_000  # characters
SEPARATORS = ",;\t|"
SPLIT_COLUMN, GROUP_COLUMN = "split", "group"  # mean what they say where a recipe names no others


class CsvTable(Dataset):
    name = "csv"
    summary = "your own: a table (.csv) with the columns image, label and, if you like, split"
    needs_path = True

    def load(self, request: DataRequest) -> LabelledImages:
        if request.path is None:
            raise DataError("the data set 'csv' needs the path to your table")
        rows = _read(request.path, request)
        _check_twice(request.path, rows)
        _check_there(request, rows)
        _check_groups(request.path, rows)
        parts: dict[str, list[tuple[str, str]]] = {"train": []}
        for row in rows:
            parts.setdefault(row.split, []).append((row.picture, row.label))
        if not parts["train"]:
            raise DataError(f"{shown(request.path)} has no row whose split is train, to learn from")
        groups = {row.picture: row.group for row in rows if row.group is not None}
        return labelled_images(
            shown(request.path), parts, group_of=groups.__getitem__ if groups else None
        )


@dataclass(frozen=True)
class Row:
    line: int  # where it begins; fields in quotes can go over several
    picture: str  # path, relative ones from the table's folder
    label: str
    split: str
    group: str | None  # what belongs together, if the table says so


@dataclass(frozen=True)
class Columns:
    """Where in a row to look."""

    names: Sequence[str]  # all there are
    image: int
    label: int
    split: int | None
    group: int | None


# --- from bytes to rows ---------------------------------------------------------------------------


def _read(path: Path, request: DataRequest) -> list[Row]:
    text = _text(path)
    lines = _lines(path, text, _separator(path, text[:MAX_HEADER], request))
    first = next(lines, None)
    if first is None:
        raise DataError(f"{shown(path)} is empty; its first line names the columns: image,label")
    columns = _columns(f"{shown(path)}:{first[0]}", first[1], request)
    rows = [_row(path, line, fields, columns) for line, fields in lines]
    if not rows:
        raise DataError(f"{shown(path)} holds no rows, only its header")
    return rows


def _text(path: Path) -> str:
    """Raises DataError where it is no text in UTF-8, or too much of it."""
    where = shown(path)
    if path.is_dir():
        raise DataError(f"{where} is a folder; name the table in it: {where}/labels.csv")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            limit = MAX_BYTES // 10**6
            raise DataError(f"{where} has {size / 10**6:,.1f} MB; a table has at most {limit} MB")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{where}: {error.strerror}") from None
    if data.startswith(b"PK\x03\x04"):
        raise DataError(f"{where} is a workbook or an archive, not a CSV; save it as CSV UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise DataError(
            f"{where}:{line}: byte 0x{byte:02x} is not UTF-8; save the table as CSV UTF-8"
        ) from None


def _separator(path: Path, text: str, request: DataRequest) -> str:
    """The one that yields the columns that are wanted, or else most columns."""

    def worth(separator: str) -> tuple[int, int]:
        try:
            _, header = next(_lines(path, text, separator), (1, []))
        except DataError:  # quotes that are sound with another
            return 0, 0
        return len({request.image_column, request.label_column} & set(header)), len(header)

    return max(SEPARATORS, key=worth)


def _lines(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line that is not empty."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    while True:
        line = reader.line_num + 1
        try:
            fields = _stripped(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{shown(path)}:{line}: {error}; is a quote left open?") from None
        if any(fields):
            yield line, fields


def _stripped(fields: Sequence[str]) -> list[str]:
    return [field.strip() for field in fields]


def _columns(where: str, header: Sequence[str], request: DataRequest) -> Columns:
    def place(column: str, key: str) -> int:
        if header.count(column) == 1:
            return header.index(column)
        if column in header:
            raise DataError(f"{where}: there are several columns {column!r}; rename all but one")
        raise DataError(
            f"{where}: there is no column {column!r}; {meant(column, header)} (the first line of "
            f"the table names its columns, data.{key} the one to use)"
        )

    split = request.split_column or (SPLIT_COLUMN if SPLIT_COLUMN in header else None)
    group = request.group_column or (GROUP_COLUMN if GROUP_COLUMN in header else None)
    return Columns(
        header,
        place(request.image_column, "image_column"),
        place(request.label_column, "label_column"),
        place(split, "split_column") if split is not None else None,
        place(group, "group_column") if group is not None else None,
    )


def _row(path: Path, line: int, fields: list[str], columns: Columns) -> Row:
    where, width = f"{shown(path)}:{line}", len(columns.names)
    counted = f"{where}: {len(fields)} of {width} fields"
    if len(fields) < width:
        raise DataError(f"{counted}; fill in the row or take it out")
    if any(fields[width:]):
        raise DataError(f"{counted}; one that holds the separator needs quotes")
    image, label = fields[columns.image], fields[columns.label]
    group = None if columns.group is None else fields[columns.group]
    for column, value in (("image", image), ("label", label), ("group", group)):
        if value == "":
            raise DataError(f"{where}: the {column} is empty; fill it in or take the row out")
    split = "train" if columns.split is None else _split(where, fields[columns.split])
    return Row(line, str(path.parent / image), label, split, group)


def _split(where: str, word: str) -> str:
    if word.lower() not in SPLITS:
        raise DataError(f"{where}: {word!r} is no split; {meant(word.lower(), list(SPLITS))}")
    return SPLITS[word.lower()]


def _check_groups(path: Path, rows: Sequence[Row]) -> None:
    """Raises DataError for a group that the table's own splits part."""
    first: dict[str, Row] = {}
    for row in rows:
        before = first.setdefault(row.group or "", row)
        if row.group is not None and row.split != before.split:
            raise DataError(
                f"{shown(path)}:{row.line}: group {row.group!r} is in {row.split} here and in "
                f"{before.split} in line {before.line}; what belongs together goes into one split"
            )


# --- the pictures ---------------------------------------------------------------------------------


def _check_twice(path: Path, rows: Sequence[Row]) -> None:
    """Raises DataError for a picture that is listed twice: it could be learned from and tested
    on."""
    where = shown(path)
    first: dict[str, int] = {}
    for row in rows:
        line = first.setdefault(row.picture, row.line)
        if line != row.line:
            name = shown(row.picture)
            raise DataError(f"{where}:{row.line}: {name} is in line {line} already; keep one")


def _check_there(request: DataRequest, rows: Sequence[Row]) -> None:
    """Raises DataError for pictures that are not there, unless some may be left out."""
    lost = [rows[i] for i in missing([row.picture for row in rows])]
    if not lost or (request.skip_bad and len(lost) < len(rows)):
        return
    where = shown(request.path or "")
    named = few([f"{where}:{row.line}: {shown(row.picture)}" for row in lost], "\n")
    leave = "--set data.on_bad_image=skip leaves them out; " if len(lost) < len(rows) else ""
    raise DataError(
        f"{where}: {len(lost):,} of {len(rows):,} pictures are not there; {leave}paths are "
        f"absolute, or start from the table's folder, with / between folders:\n{named}"
    )


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    return [CsvTable()]
