"""Plugins as they are found in real life: in distributions, some of them broken, some at odds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from textwrap import dedent

import pytest

from snas_cli.api import Evaluation, Family, Genome, Proposal, Strategy, Trial
from snas_cli.app import make_app
from snas_cli.errors import PluginError, RecipeError
from snas_cli.genome import Genes
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.registry import GROUP, HOOKS, KINDS, BrokenPlugin, Registry

ROOT = Path(__file__).parents[2]


class Site:
    """A folder of installed distributions, each with one module and one entry point."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: list[str] = []

    def install(self, distribution: str, source: str, entry: str = "plugin") -> None:
        module = f"{distribution.replace('-', '_')}_module"
        self.modules.append(module)
        (self.folder / f"{module}.py").write_text(dedent(source))
        info = self.folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry} = {module}\n")

    def entry_points(self) -> list[EntryPoint]:
        found = distributions(path=[str(self.folder)])
        return [entry for part in found for entry in part.entry_points.select(group=GROUP)]

    def registry(self) -> Registry:
        return Registry(self.entry_points())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(tmp_path)
    site = Site(tmp_path)
    yield site
    for module in site.modules:
        sys.modules.pop(module, None)


def family(name: str) -> str:
    """A plugin with one family."""
    return f"""
        from snas_cli.api import Family, hookimpl

        class Net(Family):
            name = {name!r}
            genes = {{}}

            def build(self, genes, task):
                raise NotImplementedError

        @hookimpl
        def snas_register_families():
            return [Net()]
    """


def message_for(registry: Registry, kind: str, name: str) -> str:
    with pytest.raises(PluginError) as caught:
        registry.find(kind, name)
    return str(caught.value)


# --- what works -----------------------------------------------------------------------------------


def test_a_component_is_found_by_kind_and_name_with_its_origin(site: Site) -> None:
    site.install("snas-one", family("resnet"))
    found = site.registry().find("family", "resnet")
    assert (found.kind, found.name, found.origin) == ("family", "resnet", "snas-one:plugin")
    assert isinstance(found.item, Family)
    assert site.registry().family("resnet").name == "resnet"


def test_installed_plugins_are_found(site: Site) -> None:
    site.install("snas-one", family("net_of_this_test"))
    assert "net_of_this_test" in Registry.installed().names("family")


def test_a_strategy_is_registered_as_a_class(site: Site) -> None:
    site.install(
        "snas-one",
        """
        from snas_cli.api import Strategy, hookimpl

        class Stand(Strategy):
            name = "stand"
            def ask(self, rngs): return []
            def tell(self, trials): pass

        @hookimpl
        def snas_register_strategies():
            return [Stand]
        """,
    )
    assert issubclass(site.registry().strategy("stand"), Strategy)


def test_observers_are_called(site: Site) -> None:
    site.install(
        "snas-one",
        """
        from snas_cli.api import hookimpl
        seen = []

        @hookimpl
        def snas_trial_finished(trial):
            seen.append(trial.number)
        """,
    )
    registry = site.registry()
    proposal = Proposal(Genome("net", Genes({})), "random")
    trial = Trial(7, 0, proposal, Evaluation(1, {}).fitness)
    registry.hooks.hook.snas_trial_finished(trial=trial, curve=())  # it takes fewer
    assert registry.broken == []
    assert sys.modules["snas_one_module"].seen == [7]


def test_two_plugins_of_the_same_entry_point_name_both_load(site: Site) -> None:
    site.install("snas-one", family("cnn"), entry="family")
    site.install("snas-two", family("mlp"), entry="family")
    registry = site.registry()
    assert registry.broken == []
    assert [part.origin for part in registry.components("family")] == [
        "snas-one:family",
        "snas-two:family",
    ]


def test_every_kind_has_a_hook_and_a_class() -> None:
    assert KINDS.keys() == HOOKS.keys()


# --- order ----------------------------------------------------------------------------------------


def test_the_order_of_entry_points_does_not_matter(site: Site) -> None:
    site.install("snas-b", family("cnn"))
    site.install("snas-a", family("resnet"))
    site.install("snas-d", "1 / 0")
    site.install("snas-c", "import no_such_module")
    site.install("snas-f", family("twin"))
    site.install("snas-e", family("twin"))
    points = site.entry_points()
    one, other = Registry(points), Registry(reversed(points))
    assert one.names("family") == other.names("family") == ["cnn", "resnet"]
    assert one.broken == other.broken
    assert one.clashes() == other.clashes()
    assert [name for name, _ in one.hooks.list_name_plugin()] == [
        name for name, _ in other.hooks.list_name_plugin()
    ]


# --- clashes --------------------------------------------------------------------------------------


@pytest.fixture
def clashing(site: Site) -> Registry:
    site.install("snas-one", family("resnet"))
    site.install("snas-two", family("resnet"))
    site.install("snas-three", family("cnn"))
    return site.registry()


def test_two_components_of_one_name_are_both_unusable(clashing: Registry) -> None:
    message = message_for(clashing, "family", "resnet")
    assert "snas-one:plugin and snas-two:plugin" in message
    assert "uninstall" in message
    assert clashing.clashes() == [message]


def test_a_clash_leaves_the_others_alone(clashing: Registry) -> None:
    assert clashing.names("family") == ["cnn"]
    assert clashing.family("cnn").name == "cnn"
    assert clashing.broken == []


def test_a_search_of_all_families_is_refused_until_the_clash_is_mended(clashing: Registry) -> None:
    with pytest.raises(RecipeError, match="'resnet' is registered by snas-one:plugin and"):
        check(Document("mine", {}), clashing)
    assert check(Document("mine", {"space": {"families": ["cnn"]}}), clashing)


def test_one_name_for_components_of_two_kinds_is_no_clash(site: Site) -> None:
    site.install("snas-one", family("random"))
    site.install(
        "snas-two",
        """
        from snas_cli.api import Operator, hookimpl

        class Random(Operator):
            name = "random"
            def mutate(self, genome, space, rng, rate): return genome

        @hookimpl
        def snas_register_operators():
            return [Random()]
        """,
    )
    registry = site.registry()
    assert registry.clashes() == []
    assert registry.family("random").name == registry.operator("random").name


# --- names that are missing -----------------------------------------------------------------------


def test_a_misspelt_name_is_answered_with_a_near_one(site: Site) -> None:
    site.install("snas-one", family("resnet"))
    message = message_for(site.registry(), "family", "resnt")
    assert message == "there is no family 'resnt'; did you mean 'resnet'?"


def test_a_name_like_no_other_is_answered_with_all(site: Site) -> None:
    site.install("snas-one", family("resnet"))
    site.install("snas-two", family("cnn"))
    assert message_for(site.registry(), "family", "vit").endswith("known: cnn, resnet")
    assert message_for(site.registry(), "dataset", "vit").endswith("none is known")


# --- plugins that are broken ----------------------------------------------------------------------

HOOK = """
    from snas_cli.api import Family, Strategy, hookimpl

    class Net(Family):
        {name}
        genes = {{}}
        def build(self, genes, task): ...

    {mark}
    def {hook}({arguments}):
        {body}
"""


def hook(
    body: str = "return [Net()]",
    *,
    hook: str = "snas_register_families",
    name: str = "name = 'net'",
    mark: str = "@hookimpl",
    arguments: str = "",
) -> str:
    return HOOK.format(body=body, hook=hook, name=name, mark=mark, arguments=arguments)


BROKEN = {
    "module not found": ("import no_such_module", "No module named 'no_such_module'"),
    "name not found": ("from snas_cli.api import NoSuch", "cannot import name 'NoSuch'"),
    "syntax error": ("def f(:", "SyntaxError"),
    "error in the module": ("1 / 0", "ZeroDivisionError: division by zero"),
    "assertion": ("assert False, 'no GPU'", "AssertionError: no GPU"),
    "a script that exits": ("import sys; sys.exit('no GPU')", "SystemExit: no GPU"),
    "condition on no gene": (
        "from snas_cli.api import *\nLayers(1, 2, {'a': Flag(when={'b': 1})})",
        "ValueError: a: `when` names 'b', which is not declared before it",
    ),
    "error in the hook": (hook("raise OSError('disk')"), "OSError: disk"),
    "error half way": (hook("yield Net(); raise OSError('disk')"), "must return a list"),
    "no list": (hook("return Net()"), "snas_register_families must return a list, not <"),
    "nothing": (hook("pass"), "snas_register_families must return a list, not None"),
    "a word": (hook("return 'net'"), "snas_register_families must return a list, not 'net'"),
    "wrong type": (hook("return [Net(), 5]"), "returned 5, which is not an instance of Family"),
    "class for instance": (hook("return [Net]"), "which is not an instance of Family"),
    "instance for class": (
        hook("return [object()]", hook="snas_register_strategies"),
        "which is not a class derived from Strategy",
    ),
    "abstract class": (hook("return [Family()]"), "TypeError: Can't instantiate abstract class"),
    "no name": (hook(name="pass"), "needs a name of letters, digits and underscores, not None"),
    "name with a space": (hook(name="name = 'my net'"), "underscores, not 'my net'"),
    "no genes": (hook().replace("genes = {}", ""), "the family 'net' lacks genes"),
    "no gene": (
        hook().replace("{}", "{'width': [8, 16]}"),
        "the gene 'width' of 'net' should be a Choice, Ordinal, Flag or Layers, not [8, 16]",
    ),
    "condition on no gene of the family": (
        hook(name="from snas_cli.api import Flag; name = 'net'").replace(
            "{}", "{'width': Flag(when={'deep': True})}"
        ),
        "family 'net': width: `when` names 'deep', which is not declared before it",
    ),
    "a textbook of other genes": (
        hook(name="name = 'net'; textbook = {'width': 5}"),
        "the textbook of 'net' has 'width', which is no gene of it",
    ),
    "a textbook of other values": (
        hook(name="name = 'net'; textbook = {'dropout': 7}"),
        "the textbook of 'net': dropout: ",
    ),
    "no summary": (
        """
        from snas_cli.api import Dataset, hookimpl

        class Cats(Dataset):
            name = "cats"
            def load(self, request): ...

        @hookimpl
        def snas_register_datasets():
            return [Cats()]
        """,
        "the dataset 'cats' lacks summary",
    ),
    "empty name": (hook(name="name = ''"), "underscores, not ''"),
    "name that is no word": (hook(name="name = 5"), "underscores, not 5"),
    "misspelt hook": (hook(hook="snas_register_familys"), "did you mean 'snas_register_families'?"),
    "misspelt observer": (
        hook(hook="snas_trial_finnished", arguments="trial"),
        "unknown hook 'snas_trial_finnished'; did you mean 'snas_trial_finished'?",
    ),
    "unmarked hook": (hook(mark=""), "snas_register_families is not marked with @hookimpl"),
    "unmarked, misspelt hook": (
        hook(mark="", hook="snas_register_familys"),
        "snas_register_familys is not marked with @hookimpl",
    ),
    "unmarked observer": (
        hook(mark="", hook="snas_trial_finished", arguments="trial"),
        "snas_trial_finished is not marked with @hookimpl",
    ),
    "unknown argument": (hook(arguments="app"), "snas_register_families"),
}


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_kept_with_its_reason_and_harms_no_other(
    site: Site, source: str, reason: str
) -> None:
    site.install("snas-broken", source)
    site.install("snas-after", family("mlp"))
    site.install("snas-zzz", family("cnn"))
    registry = site.registry()
    (broken,) = registry.broken
    assert broken.origin == "snas-broken:plugin"
    assert reason in broken.reason
    assert registry.names("family") == ["cnn", "mlp"]
    assert not registry.hooks.has_plugin(broken.origin)


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_mentioned_where_a_name_is_missing(
    site: Site, source: str, reason: str
) -> None:
    site.install("snas-broken", source)
    site.install("snas-good", family("resnet"))
    message = message_for(site.registry(), "family", "net")
    assert "there is no family 'net'" in message
    assert "the plugin snas-broken:plugin could not be loaded" in message
    assert reason in message


def test_all_broken_plugins_are_mentioned(site: Site) -> None:
    site.install("snas-a", "1 / 0")
    site.install("snas-b", "import no_such_module")
    message = message_for(site.registry(), "dataset", "cats")
    assert "snas-a:plugin" in message
    assert "snas-b:plugin" in message


def test_a_plugin_that_fails_at_its_second_hook_gives_nothing(site: Site) -> None:
    broken_too = """
        @hookimpl
        def snas_register_operators():
            raise OSError("disk")
    """
    site.install("snas-broken", family("net") + broken_too)
    registry = site.registry()
    assert registry.names("family") == []
    assert [plugin.reason for plugin in registry.broken] == ["OSError: disk"]


def test_one_module_under_two_entry_points_counts_once(site: Site) -> None:
    site.install("snas-one", family("net"))
    again = EntryPoint("again", "snas_one_module", GROUP)
    registry = Registry([*site.entry_points(), again])
    assert registry.names("family") == ["net"]
    assert registry.clashes() == []
    assert [plugin.origin for plugin in registry.broken] == ["unknown:again"]


# --- what it costs --------------------------------------------------------------------------------

SLOW = ("torch", "torchvision", "numpy", "onnx", "onnxruntime", "sklearn", "PIL", "pydantic")


def test_the_way_in_imports_nothing_slow() -> None:
    code = (
        "import sys, snas_cli.api, snas_cli.hookspecs, snas_cli.registry\n"
        f"print(*[name for name in {SLOW} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert found.stdout.split() == []


def test_an_observer_that_fails_is_named_and_not_called_again(site: Site) -> None:
    site.install(
        "snas-bad",
        """
        from snas_cli.api import hookimpl

        @hookimpl
        def snas_trial_finished(trial):
            raise OSError("no space left")
        """,
    )
    site.install(
        "snas-good",
        """
        from snas_cli.api import hookimpl
        seen = []

        @hookimpl
        def snas_trial_finished(trial):
            seen.append(trial)
        """,
    )
    registry = site.registry()
    (failed,) = registry.call("snas_trial_finished", trial=1)
    assert failed == BrokenPlugin("snas-bad:plugin", "OSError: no space left")
    assert registry.call("snas_trial_finished", trial=2) == []
    assert registry.broken == [failed]
    assert sys.modules["snas_good_module"].seen == [1, 2]


def test_a_plugin_that_fails_to_add_its_command_takes_no_other_down(site: Site) -> None:
    site.install(
        "snas-bad",
        """
        from snas_cli.api import hookimpl

        @hookimpl
        def snas_register_commands(app):
            raise KeyError("typer")
        """,
    )
    site.install(
        "snas-good",
        """
        from snas_cli.api import hookimpl

        @hookimpl
        def snas_register_commands(app):
            @app.command()
            def greet():
                print("hello")
        """,
    )
    registry = site.registry()
    with pytest.raises(SystemExit) as end:
        make_app(registry)(["greet"])
    assert not end.value.code
    assert [plugin.origin for plugin in registry.broken] == ["snas-bad:plugin"]


def test_the_list_shows_what_cannot_be_used_and_why(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install("snas-bad", "import no_such_module")
    site.install("snas-one", family("resnet"))
    site.install("snas-two", family("resnet"))
    with pytest.raises(SystemExit):
        make_app(site.registry())(["plugins"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "cannot be used: snas-bad:plugin: ModuleNotFoundError: No module named" in shown
    assert "the family 'resnet' is registered by snas-one:plugin and snas-two:plugin" in shown


@pytest.mark.parametrize("added", ["app.command('search')(greet)", "app.command('runs')(greet)",
                                   "app.add_typer(typer.Typer(), name='search')"])  # fmt: skip
def test_a_plugin_cannot_take_the_place_of_a_command(
    added: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install(
        "snas-bad",
        f"""
        import typer
        from snas_cli.api import hookimpl

        def greet():
            print("hello")

        @hookimpl
        def snas_register_commands(app):
            app.command()(greet)
            {added}
        """,
    )
    registry = site.registry()
    app = make_app(registry)
    (broken,) = registry.broken
    assert broken.origin == "snas-bad:plugin"
    assert "there is a command" in broken.reason
    with pytest.raises(SystemExit):
        app(["search", "--help"])
    assert "for the best network" in capsys.readouterr().out
