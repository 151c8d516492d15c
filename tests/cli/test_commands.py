"""The commands, one after another as a newcomer would type them, and what they say of mistakes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from snas_cli import app
from snas_cli.errors import RunError
from tests.cli.snas import snas
from tests.data.photos import colours
from tests.experiment import tiny


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe and the finished run that it gave."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(tiny.VALUES))
    snas("search", "tiny.yaml", cwd=folder)
    return folder


def test_search_leaves_a_run_and_says_what_to_type_next(place: Path) -> None:
    out = snas("search", "tiny.yaml", cwd=place).stdout
    run = max(path.name for path in (place / "runs").glob("digits-*"))
    assert "generation 3 of 3" in out
    assert "test accuracy" in out
    assert f"snas export runs/{run} --format all" in out


def test_search_as_json(place: Path) -> None:
    done = snas("search", "tiny.yaml", "--json", "--generations", "1", cwd=place)
    document = json.loads(done.stdout)
    assert len(document["trials"]) == 4
    assert document["best"]["test_acc"] > 0
    assert "generation 1 of 1" in done.stderr


def test_options_and_settings_take_precedence(place: Path) -> None:
    options = "--name mine --seed 5 --families mlp,cnn --max-params 20k --set finale.top=1"
    snas("search", "tiny.yaml", *options.split(), "--set", "search.generations=1", cwd=place)
    recipe = yaml.safe_load((place / "runs" / "mine" / "recipe.yaml").read_text())
    assert recipe["seed"] == 5
    assert recipe["search"]["generations"] == 1
    assert recipe["space"]["families"] == ["mlp", "cnn"]
    assert recipe["limits"]["max_params"] == 20_000


def test_search_on_class_folders(tmp_path: Path) -> None:
    colours(tmp_path / "photos")
    (tmp_path / "photos" / "class 0" / "bad.png").write_text("not a picture")
    out = snas("search", "photos", "--families", "mlp", "--generations", 1, "--epochs", 1,
               "--max-layers", 2, "--set", "finale.epochs=1",
               "--set", "data.on_bad_image=skip", cwd=tmp_path).stdout  # fmt: skip
    assert "3 classes, 24×24 colour" in out
    assert "(1 left out, which cannot be read)" in out
    run = tmp_path / "runs" / "photos-001"
    assert (run / "best" / "model.safetensors").exists()
    assert "(1 left out, which cannot be read)" in (run / "report.html").read_text()


def test_evaluate_a_run_and_its_architecture(place: Path) -> None:
    of_run = json.loads(snas("evaluate", "runs/digits-001", "--json", cwd=place).stdout)
    metrics = json.loads((place / "runs/digits-001/best/metrics.json").read_text())
    assert of_run["accuracy"] == metrics["test_acc"]
    file = "runs/digits-001/best/architecture.json"
    assert json.loads(snas("evaluate", file, "--json", cwd=place).stdout) == of_run
    assert "accuracy" in snas("evaluate", "runs/digits-001", cwd=place).stdout


def test_evaluate_an_architecture_on_other_pictures(place: Path, tmp_path: Path) -> None:
    colours(tmp_path / "photos")
    file = place / "runs/digits-001/best/architecture.json"
    done = snas("evaluate", file, "--path", "photos", "--epochs", 2, "--json", cwd=tmp_path)
    assert list(json.loads(done.stdout)["classes"]) == ["class 0", "class 1", "class 2"]


def test_export_writes_checked_files(place: Path) -> None:
    out = snas("export", "--format", "all", cwd=place).stdout
    assert "100.00 %" in out
    latest = max((place / "runs").iterdir(), key=lambda run: (run / "recipe.yaml").stat().st_mtime)
    report = json.loads((latest / "export" / "export.json").read_text())
    by_format = {each["format"]: each for each in report["exports"]}
    assert by_format.keys() >= {"onnx", "python"}
    lossless = [each for each in by_format.values() if each["lossless"]]
    assert all(each["sound"] and each["agreement"] == 1 for each in lossless)


def test_the_lists(place: Path) -> None:
    assert "digits" in snas("datasets", cwd=place).stdout
    plugins = json.loads(snas("plugins", "--json", cwd=place).stdout)
    assert {"kind": "family", "name": "cnn", "origin": "snas:family_cnn"} in plugins["components"]
    assert plugins["faults"] == []
    runs = json.loads(snas("runs", "--json", cwd=place).stdout)
    assert {run["state"] for run in runs} == {"finished"}
    assert "kept: mlp" in snas("runs", "show", "runs/digits-001", cwd=place).stdout


def test_families_are_listed_shown_and_drawn(place: Path) -> None:
    said = snas("families", cwd=place).stdout
    assert all(name in said for name in ("cnn", "efficientnet", "mlp_mixer"))
    said = snas("families", "vit", cwd=place).stdout
    assert "1, 2, 4, 8" in said
    assert "tried first: vit [4×2 4×2 4×2]" in said
    (place / "narrow.yaml").write_text(
        "data: {dataset: digits}\nspace: {families: [cnn], genes: {kernel: 3, layers: 4}}"
    )
    said = snas("families", "--recipe", "narrow.yaml", "--json", cwd=place).stdout
    (family,) = json.loads(said)
    assert family["genes"]["layers"]["item"]["kernel"]["options"] == [3]
    assert [layer["filters"] for layer in family["textbook"]["layers"]] == [16, 16, 32, 64]
    assert family["architectures"] == 2 * 2 * 5 * 4 * 3 * (9 * 4 * 2) ** 4
    assert 0 < family["params"]["lowest"] < family["params"]["highest"]
    drawn = snas("families", "--recipe", "narrow.yaml", "--sample", "--json", cwd=place).stdout
    assert {layer["kernel"] for layer in json.loads(drawn)["genes"]["layers"]} == {3}
    assert "layers 4" in snas(
        "families", "--recipe", "narrow.yaml", "--sample", "--seed", 3, cwd=place
    ).stdout  # fmt: skip
    snas("families", "vti", cwd=place, code=1)
    for pictures in ("3x32", "3x32xa", "0x32x32", "3x4x32"):
        said = snas("families", "--pictures", pictures, cwd=place, code=2).stderr
        assert f"--pictures {pictures}: should" in said


def test_recipes_are_checked_shown_and_described(place: Path) -> None:
    assert "sound" in snas("recipes", "check", "tiny.yaml", cwd=place).stdout
    schema = json.loads(snas("recipes", "schema", cwd=place).stdout)
    assert "search" in schema["properties"]
    shown = yaml.safe_load(snas("recipes", "show", "tiny.yaml", cwd=place).stdout)
    assert shown["search"]["tournament_size"] == 3


def test_resuming_a_finished_run_shows_its_result(place: Path) -> None:
    assert "test accuracy" in snas("resume", "runs/digits-001", cwd=place).stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on(place: Path, how: signal.Signals) -> None:
    name = how.name.lower()
    command = [sys.executable, "-m", "snas_cli", "search", "tiny.yaml", "--name", name]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)  # fmt: skip
    assert process.stdout is not None
    while "trial 2" not in process.stdout.readline():
        pass
    process.send_signal(how)
    _, err = process.communicate()
    assert process.returncode == 130
    assert f"snas resume runs/{name}" in err
    assert "Traceback" not in err
    out = snas("resume", f"runs/{name}", cwd=place).stdout
    assert "trials are recorded already" in out


@pytest.mark.parametrize("lines", [7, 17, 24])
def test_killed_and_resumed_it_ends_the_same(place: Path, lines: int) -> None:
    name = f"killed-{lines}"
    command = [sys.executable, "-m", "snas_cli", "search", "tiny.yaml", "--name", name]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.kill()
    process.communicate()
    resumed = json.loads(snas("resume", f"runs/{name}", "--json", cwd=place).stdout)
    whole = json.loads(snas("resume", "runs/digits-001", "--json", cwd=place).stdout)
    for document in (resumed, whole):
        del document["folder"]
        for trial in document["trials"]:
            del trial["seconds"]
    assert resumed == whole
    model = "best/model.safetensors"
    assert (place / "runs" / name / model).read_bytes() == (
        place / "runs/digits-001" / model
    ).read_bytes()


MISTAKES = [
    (["search", "missing.yaml"], 2, "missing.yaml: No such file"),
    (["search", "digitz"], 2, "did you mean 'digits'?"),
    (["search", "notes.txt"], 2, "neither a recipe (.yaml), nor a folder"),
    (["search", "empty"], 1, "holds no class folders"),
    (["search", "hollow"], 1, "holds no pictures"),
    (["search", "single"], 1, "one class folder only"),
    (["search", "few"], 1, "it needs at least 3"),
    (["search", "fake"], 1, "text.png: not a picture"),
    (["search", "torn"], 1, "0.png: damaged picture"),
    (["search", "mixed"], 1, "is it split into train, val and test, or is train a class?"),
    (["search", "tiny.yaml", "--families", "mlpp"], 2, "--families"),
    (["search", "tiny.yaml", "--generations", "0"], 2, "--generations: search.generations"),
    (["search", "tiny.yaml", "--max-params", "tiny"], 2, "--max-params: limits.max_params"),
    (["search", "tiny.yaml", "--device", "cuda"], 2, "there is no CUDA GPU here"),
    (["search", "tiny.yaml", "--name", "../x"], 2, "--name: output.name"),
    (["search", "tiny.yaml", "--name", "digits-001"], 1, "snas resume"),
    (["search", "tiny.yaml", "--set", "search.elites"], 2, "section.key=value"),
    (["recipes", "check", "typos.yaml"], 2, "typos.yaml:2: search.generatons: there is no such"),
    (["resume", "nowhere"], 1, "there is no nowhere"),
    (["resume", "empty"], 1, "empty is not a run"),
    (["resume", "notes.txt"], 1, "is not a run"),
    (["resume", "runs/digits-001/recipe.pkl"], 1, "there is no"),
    (["evaluate", "notes.txt"], 1, "is not a run"),
    (["evaluate", "broken.json"], 1, "broken.json is not valid JSON"),
    (["evaluate", "other.json"], 1, "is not an architecture that snas wrote"),
    (["evaluate", "strange.json"], 1, "there is no family 'cnnn'; did you mean 'cnn'?"),
    (["export", "--format", "onxx"], 1, "there is no exporter 'onxx'; did you mean 'onnx'?"),
    (["export", "--runs", "empty"], 1, "there is no run in empty"),
]


@pytest.fixture(scope="module")
def mistakes(place: Path) -> Path:
    """The things people point it at."""
    (place / "notes.txt").write_text("not a recipe")
    (place / "empty").mkdir()
    (place / "hollow" / "cat").mkdir(parents=True)
    (place / "hollow" / "dog").mkdir()
    colours(place / "single", ["alone"])
    colours(place / "few", count=2)
    colours(place / "fake")
    (place / "fake" / "class 1" / "text.png").write_text("I am text")
    colours(place / "torn")
    torn = place / "torn" / "class 0" / "0.png"
    torn.write_bytes(torn.read_bytes()[:60])
    colours(place / "mixed" / "train")
    colours(place / "mixed" / "cat")
    (place / "typos.yaml").write_text("search:\n  generatons: 3\n")
    (place / "broken.json").write_text("{")
    (place / "other.json").write_text("[]")
    (place / "strange.json").write_text('{"format": 1, "family": "cnnn", "genes": {}}')
    return place


@pytest.mark.parametrize(
    ("arguments", "code", "message"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES]
)
def test_mistakes_get_a_sentence_and_an_exit_code(
    mistakes: Path, arguments: list[str], code: int, message: str
) -> None:
    before = sorted((mistakes / "runs").iterdir())
    done = snas(*arguments, cwd=mistakes, code=code)
    assert message in done.stderr
    assert all(line.startswith("snas: ") for line in done.stderr.splitlines())
    assert sorted((mistakes / "runs").iterdir()) == before


def test_a_message_is_short_and_moves_no_cursor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a stranger's file has put into it."""
    text = "\n".join(["\x1b[2J of " + "x" * 5000, *map(str, range(100))])

    def fail(_registry: object) -> None:
        raise RunError(text)

    monkeypatch.setattr(app, "make_app", fail)
    lines = snas("runs", cwd=tmp_path, code=1).stderr.splitlines()
    assert lines[0].startswith("snas: \\x1b[2J of xxx")
    assert len(lines[0]) < 1100
    assert len(lines) == 51
    assert lines[-1] == "snas: and 51 lines more"
