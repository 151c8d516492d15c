"""`snas datasets` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.snas import snas
from tests.data.photos import greys


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with photographs in class folders."""
    return greys(tmp_path / "photos", count=12).parent


def test_the_list_is_what_comes_first(photos: Path) -> None:
    assert "digits" in snas("datasets", cwd=photos).stdout
    names = [
        entry["name"] for entry in json.loads(snas("datasets", "list", "--json", cwd=photos).stdout)
    ]
    assert {"digits", "folder", "mnist"} <= set(names)


def test_a_folder_is_shown(photos: Path) -> None:
    said = snas("datasets", "show", "photos", cwd=photos).stdout
    assert "24 pictures, brought to 12×12 grey" in said
    shown = json.loads(snas("datasets", "show", "photos", "--json", cwd=photos).stdout)
    assert shown["classes"] == ["cat", "dog"]
    assert sum(map(sum, shown["counts"].values())) == 24


def test_a_sound_folder_passes_its_check(photos: Path) -> None:
    said = snas("datasets", "check", "photos", cwd=photos).stdout
    assert "nothing is wrong with it" in said
    assert "a search takes a" in said


def test_a_bad_folder_fails_its_check_and_every_fault_is_named(photos: Path) -> None:
    (photos / "photos" / "cat" / "bad.png").write_text("not a picture")
    twin = photos / "photos" / "dog" / "twin.png"
    twin.write_bytes((photos / "photos" / "dog" / "3.png").read_bytes())
    said = snas("datasets", "check", "photos", cwd=photos, code=1).stdout
    assert "bad.png: not a picture" in said
    assert "twin.png" in said
    found = json.loads(snas("datasets", "check", "photos", "--json", cwd=photos, code=1).stdout)
    assert len(found["bad"]) == len(found["twins"]) == 1
    assert found["search_seconds"] > 0


def test_a_preview_is_written(photos: Path) -> None:
    snas("datasets", "preview", "photos", "--output", "sheet.png", "--columns", 3, cwd=photos)
    with Image.open(photos / "sheet.png") as sheet:
        assert sheet.width > 3 * 64


def test_what_ships_needs_no_download(photos: Path) -> None:
    assert "digits is ready" in snas("datasets", "download", "digits", cwd=photos).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "digts"], 2, "did you mean 'digits'?"),
        (["check", "nowhere.csv"], 1, "nowhere.csv"),
        (["preview", "photos", "--output", "no/such/folder.png"], 1, "cannot write"),
        (["preview", "photos", "--output", "."], 2, "is a directory"),
        (["show", "photos", "--set", "data.image_sze=3"], 2, "did you mean 'image_size'?"),
    ],
)
def test_mistakes(photos: Path, arguments: list[str], code: int, message: str) -> None:
    assert message in snas("datasets", *arguments, cwd=photos, code=code).stderr


def test_names_of_classes_are_shown_as_they_are(tmp_path: Path) -> None:
    greys(tmp_path / "photos", ("[bold]cat", "日本"))
    assert "[bold]cat" in snas("datasets", "show", "photos", cwd=tmp_path).stdout
    assert "row 2 is 日本" in snas("datasets", "preview", "photos", cwd=tmp_path).stdout


def test_a_table_may_have_its_suffix_in_capitals(photos: Path) -> None:
    rows = [f"photos/{name}/{i}.png,{name}" for name in ("cat", "dog") for i in range(12)]
    (photos / "LABELS.CSV").write_text("\n".join(["image,label", *rows]))
    assert "24 pictures" in snas("datasets", "show", "LABELS.CSV", cwd=photos).stdout


def test_decoded_pictures_are_deleted(photos: Path) -> None:
    cache = photos / "cache"
    snas("datasets", "show", "photos", "--set", f"data.cache_dir={cache}", cwd=photos)
    said = snas("datasets", "clean", "--cache-dir", cache, cwd=photos).stdout
    assert said == f"1 decoded set deleted from {cache}: 0.0 MB\n"
    assert not list(cache.iterdir())
