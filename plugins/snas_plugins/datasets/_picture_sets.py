"""Public data sets that are files of pictures: read when they are asked for."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from snas_cli.api import DataRequest, LabelledImages
from snas_plugins.datasets._fetching import PublicSet
from snas_plugins.datasets._files import contents, few, missing
from snas_plugins.datasets._labels import Labelled, labelled_images

SIGNS = (
    "speed limit 20", "speed limit 30", "speed limit 50", "speed limit 60", "speed limit 70",
    "speed limit 80", "end of speed limit 80", "speed limit 100", "speed limit 120", "no passing",
    "no passing for trucks", "right of way at the next crossing", "priority road", "yield", "stop",
    "no vehicles", "no trucks", "no entry", "general caution", "bend to the left",
    "bend to the right", "double bend", "bumpy road", "slippery road", "road narrows",
    "road works", "traffic signals", "pedestrians", "children", "bicycles", "ice or snow",
    "wild animals", "end of all limits", "turn right ahead", "turn left ahead", "ahead only",
    "ahead or right", "ahead or left", "keep right", "keep left", "roundabout",
    "end of no passing", "end of no passing for trucks",
)  # fmt: skip


class _PictureSet(PublicSet):
    def _checked(self, base: Path, parts: Mapping[str, Labelled]) -> None:
        """Raises DataError for pictures that are not there: unpacking was broken off, say."""
        paths = [path for part in parts.values() for path, _ in part]
        lost = missing(paths)
        if lost:
            named = few([str(Path(paths[i]).relative_to(base)) for i in lost])
            what = f"{len(lost):,} of {len(paths):,} pictures are not there ({named})"
            raise self.incomplete(base, what)


class DTD(_PictureSet):
    """Its first partition, of ten."""

    name = "dtd"
    summary = "1,880 + 1,880 + 1,880 photographs of textures, 300–640 pixels, colour, 47 classes"
    mirrored = True
    loader = "DTD"
    files = "dtd/dtd-r1.0.1.tar.gz"
    source = "https://www.robots.ox.ac.uk/~vgg/data/dtd"

    def load(self, request: DataRequest) -> LabelledImages:
        folder = request.data_dir / self.name
        base = folder / "dtd" / "dtd"
        if not base.is_dir():
            self.fetched(folder)
        parts = {split: self._part(base, split) for split in ("train", "val", "test")}
        self._checked(base, parts)
        return labelled_images(self.name, parts)

    def _part(self, base: Path, split: str) -> Labelled:
        path = base / "labels" / f"{split}1.txt"
        try:
            places = path.read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            raise self.incomplete(base, f"{path} cannot be read: {error}") from None
        return [(str(base / "images" / place), place.partition("/")[0]) for place in places]


def _track(path: str) -> str:
    """00005_00029.ppm is the last of 30 pictures of one sign, as a car drives towards it."""
    return path.rpartition("_")[0]


class GTSRB(_PictureSet):
    """Pictures of one sign are all to learn from, or all to choose by."""

    name = "gtsrb"
    summary = "26,640 + 12,630 photographs of German traffic signs, 15–250 pixels, 43 classes"
    loader = "GTSRB"
    files = (
        "gtsrb/GTSRB-Training_fixed.zip, gtsrb/GTSRB_Final_Test_Images.zip and "
        "gtsrb/GTSRB_Final_Test_GT.zip"
    )
    source = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370"

    def load(self, request: DataRequest) -> LabelledImages:
        folder = request.data_dir / self.name
        base = folder / "gtsrb" / "GTSRB"
        for split, place in (("train", base / "Training"), ("test", base / "Final_Test")):
            if not place.is_dir():
                self.fetched(folder, split=split)
        parts = {"train": self._train(base), "test": self._test(base)}
        self._checked(base, parts)
        return labelled_images(self.name, parts, SIGNS, _track)

    def _train(self, base: Path) -> Labelled:
        """A folder for each sign, named after its number: 00000 to 00042."""
        folders = [base / "Training" / f"{i:05}" for i in range(len(SIGNS))]
        found = [contents(folder).pictures if folder.is_dir() else [] for folder in folders]
        empty = [
            folder.name for folder, pictures in zip(folders, found, strict=True) if not pictures
        ]
        if empty:
            raise self.incomplete(base, f"Training has no pictures of {few(empty)}")
        return [
            (path, sign) for pictures, sign in zip(found, SIGNS, strict=True) for path in pictures
        ]

    def _test(self, base: Path) -> Labelled:
        """A table of names and numbers of signs, beside the folders."""
        table, images = base.parent / "GT-final_test.csv", base / "Final_Test" / "Images"
        try:
            with table.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, delimiter=";", skipinitialspace=True))
            return [(str(images / row["Filename"]), SIGNS[int(row["ClassId"])]) for row in rows]
        except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
            raise self.incomplete(base, f"{table} cannot be read: {error}") from None
