"""Public sets that are files of pictures: small ones in the folders in which they come."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.plugins.datasets.pictures import save, table, value
from tests.plugins.datasets.public import IN_FILES, SETS, loaded, message

pytestmark = pytest.mark.usefixtures("no_network")


def dtd(folder: Path) -> Path:
    base = folder / "dtd" / "dtd" / "dtd"
    (base / "labels").mkdir(parents=True)
    for i, split in enumerate(("train", "val", "test")):
        names = [f"{texture}/{texture}_{i}.jpg" for texture in ("zigzagged", "banded")]
        for name in names:
            save(base / "images" / name, 20 * i)
        (base / "labels" / f"{split}1.txt").write_text("\n".join(names) + "\n")
        (base / "labels" / f"{split}2.txt").write_text("another/partition.jpg\n")
    return base


def gtsrb(folder: Path) -> Path:
    base = folder / "gtsrb" / "gtsrb" / "GTSRB"
    for sign in range(43):
        train = base / "Training" / f"{sign:05}"
        save(train / "00000_00000.ppm", sign)
        (train / f"GT-{sign:05}.csv").write_text("Filename;Width\n00000_00000.ppm;9\n")
    rows = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    for i, sign in enumerate((16, 1, 38)):
        save(base / "Final_Test" / "Images" / f"{i:05}.ppm", sign)
        rows.append(f"{i:05}.ppm;9;9;5;5;8;8;{sign}")
    (base.parent / "GT-final_test.csv").write_text("\r\n".join(rows) + "\r\n")
    return base


def test_dtd(tmp_path: Path) -> None:
    base = dtd(tmp_path)
    data = loaded("dtd", tmp_path)
    assert data.classes == ("banded", "zigzagged")
    expected = [(f"{base}/images/{t}/{t}_1.jpg", t) for t in ("zigzagged", "banded")]
    assert table(data, "val") == expected
    assert data.val is not None
    assert data.test is not None
    assert [value(part, 0) for part in (data.train, data.val, data.test)] == [0, 20, 40]
    assert data.train.images.stamp(0) is not None  # type: ignore[union-attr]


def test_gtsrb(tmp_path: Path) -> None:
    base = gtsrb(tmp_path)
    data = loaded("gtsrb", tmp_path)
    assert len(data.classes) == len(data.train.labels) == 43
    assert [value(data.train, i) for i in range(43)] == list(range(43)) == data.train.labels
    assert data.train.groups is not None
    assert data.train.groups[42] == f"{base}/Training/00042/00000"  # a track of pictures
    assert data.test is not None
    assert list(data.test.labels) == [16, 1, 38]
    assert table(data, "test")[0] == (f"{base}/Final_Test/Images/00000.ppm", "no trucks")
    assert table(data, "test")[2][1] == "keep right"
    assert data.test.images.stamp(0) is not None  # type: ignore[union-attr]
    assert data.val is None


@pytest.mark.parametrize("name", IN_FILES)
def test_they_are_read_as_torchvision_reads_its_files(name: str, tmp_path: Path) -> None:
    from torchvision import datasets

    {"dtd": dtd, "gtsrb": gtsrb}[name](tmp_path)
    theirs = getattr(datasets, SETS[name].loader)(tmp_path / name, split="test")
    ours = loaded(name, tmp_path).test
    assert ours is not None
    assert [label for _, label in theirs] == list(ours.labels)
    assert [np.asarray(p)[0, 0, 0] for p, _ in theirs] == [
        value(ours, i) for i in range(len(theirs))
    ]


def test_a_set_whose_unpacking_was_broken_off(tmp_path: Path) -> None:
    base = dtd(tmp_path)
    whole = f"dtd in {base} is not whole: "
    (base / "images" / "banded" / "banded_1.jpg").unlink()
    lost = "1 of 6 pictures are not there (images/banded/banded_1.jpg)"
    again = f"; take {base} away, and it is unpacked or downloaded again (https://www.robots.ox"
    assert message("dtd", tmp_path).startswith(whole + lost + again)
    (base / "labels" / "val1.txt").unlink()
    assert message("dtd", tmp_path).startswith(f"{whole}{base}/labels/val1.txt cannot be read: ")


def test_signs_that_are_lacking(tmp_path: Path) -> None:
    base = gtsrb(tmp_path)
    whole = f"gtsrb in {base} is not whole: "
    (base / "Final_Test" / "Images" / "00001.ppm").unlink()
    lost = "1 of 46 pictures are not there (Final_Test/Images/00001.ppm)"
    assert message("gtsrb", tmp_path).startswith(whole + lost)
    for text in ("Filename;ClassId\n00000.ppm;43\n", "Filename;ClassId\n00000.ppm;\n", "x\n1\n"):
        (base.parent / "GT-final_test.csv").write_text(text)
        assert f"{base.parent}/GT-final_test.csv cannot be read: " in message("gtsrb", tmp_path)
    (base / "Training" / "00007" / "00000_00000.ppm").unlink()
    shutil.rmtree(base / "Training" / "00042")
    assert message("gtsrb", tmp_path).startswith(f"{whole}Training has no pictures of 00007, 00042")
