"""Your own pictures: a folder for each class, with or without train, val and test above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from snas_cli.api import DataError, DataRequest, Dataset, LabelledImages, hookimpl
from snas_plugins.datasets._files import SUFFIXES, Contents, by_kind, contents, few, shown, visible
from snas_plugins.datasets._labels import SPLITS, Labelled, in_order, labelled_images

ADVICE = "put the pictures of each class into a folder of its own: photos/cat/1.jpg, photos/dog/…"


class ClassFolders(Dataset):
    name = "folder"
    summary = "your own: class/*.jpg, or train/class/*.jpg with test/ and val/ beside it"
    needs_path = True

    def load(self, request: DataRequest) -> LabelledImages:
        if request.path is None:
            raise DataError("the data set 'folder' needs the path to your pictures")
        splits = _splits(request.path)
        found = {name: _read(folder) for name, folder in splits.items()}
        parts = {name: _labelled(classes) for name, classes in found.items()}
        data = labelled_images(shown(request.path), parts)
        _check_classes(splits["train"], data.classes)
        return replace(data, remarks=_remarks(splits, found))


def _splits(path: Path) -> Mapping[str, Path]:
    """Folders of class folders: train, val and test, or `path` itself as train."""
    folders = _folders(path)
    named = [folder.name for folder in folders if folder.name.lower() in SPLITS]
    others = [shown(folder.name) for folder in folders if folder.name.lower() not in SPLITS]
    if not named:
        return {"train": path}
    if others:
        raise DataError(
            f"{shown(path)} holds {', '.join(named)} beside {few(others)}: is it split into train, "
            f"val and test, or is {named[0]} a class? Move what does not belong there, or give the "
            "class another name"
        )
    splits: dict[str, Path] = {}
    for name in named:
        twin = splits.setdefault(SPLITS[name.lower()], path / name)
        if twin.name != name:
            raise DataError(f"{shown(path)} holds {twin.name} and {name}; make them one folder")
    if "train" not in splits:
        raise DataError(
            f"{shown(path)} holds {', '.join(named)} but no folder train, to learn from"
        )
    return splits


def _folders(path: Path) -> list[Path]:
    """The visible folders in `path`. Raises DataError where there are none."""
    try:
        entries = sorted(entry for entry in path.iterdir() if visible(entry.name))
        found = [entry for entry in entries if entry.is_dir()]
    except OSError as error:
        raise DataError(f"{shown(path)}: {error.strerror}") from None
    if not found:
        count = sum(entry.suffix.lower() in SUFFIXES for entry in entries)
        loose = f"holds {count:,} pictures but no" if count else "holds no"
        raise DataError(f"{shown(path)} {loose} class folders; {ADVICE}")
    return found


def _check_classes(path: Path, classes: tuple[str, ...]) -> None:
    for name in classes:
        if shown(name) != name:
            raise DataError(
                f"{shown(path / name)}: the name is not plain text in UTF-8; rename the folder"
            )
    if len(classes) == 1:
        only = path / classes[0]
        inner = [entry.name for entry in only.iterdir() if entry.is_dir() and visible(entry.name)]
        hint = f"did you mean {only}, which holds {few(sorted(inner))}?" if inner else ADVICE
        raise DataError(f"{shown(path)} holds one class folder only, {only.name}; {hint}")


def _read(path: Path) -> Mapping[str, Contents]:
    """What is below each class folder of `path`. Raises DataError for those without pictures."""
    found = {name: contents(path / name) for name in in_order(f.name for f in _folders(path))}
    _check_filled(path, found)
    return found


def _labelled(found: Mapping[str, Contents]) -> Labelled:
    """Every picture, class by class."""
    return [(picture, name) for name, inside in found.items() for picture in inside.pictures]


def _remarks(
    splits: Mapping[str, Path], found: Mapping[str, Mapping[str, Contents]]
) -> Sequence[str]:
    """About files that are passed over."""
    remarks = []
    for name, path in splits.items():
        loose = Counter(entry.suffix.lower() for entry in path.iterdir()
                        if visible(entry.name) and not entry.is_dir())  # fmt: skip
        if loose:
            remarks.append(f"passed over in {shown(path)}: {by_kind(loose)} in no class folder")
        others = sum((inside.others for inside in found[name].values()), Counter[str]())
        if others:
            remarks.append(f"passed over in the class folders of {shown(path)}: {by_kind(others)}")
    return remarks


def _check_filled(path: Path, found: Mapping[str, Contents]) -> None:
    empty = [
        f"{shown(path / name)} holds no pictures{inside.describe_others()}"
        for name, inside in found.items()
        if not inside.pictures
    ]
    if empty:
        kinds, folders = ", ".join(sorted(SUFFIXES)), "folder" if len(empty) == 1 else "folders"
        advice = f"put pictures there ({kinds}), or take the {folders} away"
        raise DataError(few(empty, "\n") + f"\n{advice}")


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    return [ClassFolders()]
