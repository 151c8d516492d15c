"""The plugin guide says what the hooks are, shows what `snas plugins new` writes, and works."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint, entry_points
from io import StringIO
from pathlib import Path

import pytest

from snas_cli import hookspecs, testing
from snas_cli.app import make_app
from snas_cli.experiment.running import start
from snas_cli.registry import GROUP, HOOKS, KINDS, Registry
from snas_cli.scaffolding.project import Project
from snas_cli.search.listener import Listener
from tests.conftest import ROOT
from tests.experiment import judged

GUIDE = (ROOT / "plugins" / "README.md").read_text(encoding="utf-8")
SPECIFIED = [name for name, value in vars(hookspecs).items() if hasattr(value, "snas_spec")]
OTHERS = [name for name in SPECIFIED if name not in HOOKS.values()]


def section(hook: str) -> str:
    """The text under the heading of a hook."""
    (found,) = re.findall(rf"^### `{hook}`.*?\n(.*?)(?=^##|\Z)", GUIDE, re.DOTALL | re.MULTILINE)
    return str(found)


def snippet(hook: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", section(hook), re.DOTALL)
    return str(code)


def test_every_hook_has_its_place_and_no_other() -> None:
    headings = re.findall(r"^### `(\w+)`", GUIDE, re.MULTILINE)
    assert headings == [*HOOKS.values(), *OTHERS]


@pytest.mark.parametrize("hook", SPECIFIED)
def test_a_hook_is_shown_as_it_is_specified(hook: str) -> None:
    specified: Callable[..., object] = getattr(hookspecs, hook)
    signature = str(inspect.signature(specified)).replace("'", "")
    assert f"`{hook}{signature}`" in section(hook)
    when = " ".join((inspect.getdoc(specified) or "").split())
    assert when in " ".join(section(hook).split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_of_a_component_is_what_new_writes(kind: str) -> None:
    """Which has its own tests, in tests/e2e/test_new_plugins.py."""
    project = Project(kind, "snas-mine")
    text = section(HOOKS[kind])
    assert snippet(HOOKS[kind]) == project.render()["src/snas_mine/__init__.py"]
    assert f"$ {project.use}\n" in text


def test_every_check_is_listed_with_what_it_needs() -> None:
    listed = dict(re.findall(r"^\| `(check_\w+)\((.+?)\)` \|", GUIDE, re.MULTILINE))
    checks = [name for name in testing.__all__ if name.startswith("check_")]
    assert list(listed) == [name for name in checks if name != "check_component"]
    for name, needed in listed.items():
        parameters = inspect.signature(getattr(testing, name)).parameters.values()
        assert needed.split(", ") == [p.name for p in parameters if p.default is p.empty]


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)(.+?)\)", GUIDE)
    assert links
    assert [link for link in links if not (ROOT / "plugins" / link).exists()] == []


Plugged = Callable[[str], Registry]


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugged:
    """The components that there are, a formula to search by, and the guide's code for a hook."""

    def plugged(hook: str) -> Registry:
        module = f"guide_{hook}"
        (tmp_path / f"{module}.py").write_text(snippet(hook), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        points = [("judged", judged.__name__), ("guide", module)]
        ours = [EntryPoint(name, value, GROUP) for name, value in points]
        return Registry([*entry_points(group=GROUP), *ours])

    return plugged


def searched(registry: Registry, folder: Path) -> str:
    """What a search prints, with its plugins; none may have failed."""
    said = StringIO()
    with redirect_stdout(said):
        start(judged.recipe(registry, folder), registry, Listener())
    assert registry.broken == []
    return said.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_component_of_the_guide_is_registered(kind: str, plugged: Plugged) -> None:
    registry = plugged(HOOKS[kind])
    assert registry.broken == []
    assert "mine" in registry.names(kind)


def test_a_command_is_added(plugged: Plugged, tmp_path: Path) -> None:
    registry = plugged("snas_register_commands")
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "metrics.json").write_text(json.dumps({"fitness": 0.75}))
    said = StringIO()
    with redirect_stdout(said), pytest.raises(SystemExit) as end:
        make_app(registry)(["fittest", str(tmp_path)])
    assert not end.value.code
    assert said.getvalue() == "0.75\n"


def test_a_recipe_is_kept(
    plugged: Plugged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    searched(plugged("snas_search_started"), tmp_path)
    kept = tmp_path / ".snas-recipes" / "run.yaml"
    assert kept.read_text() == (tmp_path / "run" / "recipe.yaml").read_text()


def test_failures_are_told(plugged: Plugged, tmp_path: Path) -> None:
    said = searched(plugged("snas_trial_finished"), tmp_path)
    assert re.search(r"^trial \d+, point: it lies on an axis$", said, re.MULTILINE)


def test_failures_are_counted(plugged: Plugged, tmp_path: Path) -> None:
    said = searched(plugged("snas_generation_finished"), tmp_path).splitlines()
    assert len(said) == 4
    assert re.fullmatch(r"generation 0: \d of 6 failed", said[0])


def test_a_note_is_left(plugged: Plugged, tmp_path: Path) -> None:
    searched(plugged("snas_search_finished"), tmp_path)
    assert (tmp_path / "run" / "done.txt").read_text().startswith("point ")
