"""The rules of the house, read off the source: who may import whom, how large things may grow, and
what no file may do. Each fault is shown as file:line."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
SOURCE_ROOTS = (ROOT, ROOT / "plugins")

# From the top down: each part may import what stands in a later line, and nothing else.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("app",),
    ("commands",),
    ("ui", "scripting", "bench"),
    ("experiment",),
    ("terminal", "report", "export", "scaffolding"),
    ("search", "training", "execution", "runs"),  # strangers to one another
    ("data",),
    ("recipe",),
    ("registry",),
    ("hookspecs",),
    ("api",),
    ("kinds",),
    ("genome",),
    ("errors",),
)
MAY_IMPORT = {
    part: {below for line in LAYERS[depth + 1 :] for below in line}
    for depth, line in enumerate(LAYERS)
    for part in line
}
for stranger in ("search", "execution", "runs"):
    MAY_IMPORT[stranger] -= {"data"}  # which has torch
# The kit for plugin authors: beside the house, imported by tests alone, and without training.
MAY_IMPORT["testing"] = MAY_IMPORT["export"] - {"training", "data"}
MAY_IMPORT[""] = {"scripting", "search", "export", "errors"}  # snas_cli/__init__.py

TORCH = {"torch", "torchvision"}
SLOW = TORCH | {"numpy", "onnx", "onnxruntime", "onnxscript", "sklearn"}
PICKLES = {"pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve"}
RUNS_CODE = {"eval", "exec", "yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load"}
VAGUE = {"utils", "util", "helpers", "base", "manager", "common"}
BORDERS = {"snas_cli/registry.py", "snas_cli/kinds/guard.py"}  # they catch everything

Function = ast.FunctionDef | ast.AsyncFunctionDef


# --- reading the source ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    module: str  # dotted, with the imported name at its end: snas_cli.errors.SnasError
    line: int
    when: str  # "loading" the module, "calling" a function, or "typing"


@dataclass(frozen=True)
class Source:
    path: str  # from the root of the repository
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        """Its dotted name."""
        parts = list(Path(self.path.removeprefix("plugins/")).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def part(self) -> str:
        """The layer of snas_cli, or the kind of plugin, that it belongs to."""
        return (*self.module.split("."), "")[1]

    @property
    def package(self) -> str:
        return self.module if self.path.endswith("__init__.py") else self.module.rpartition(".")[0]

    def fault(self, line: int, what: str) -> str:
        return f"{self.path}:{line}: {what}"

    @cached_property
    def imports(self) -> list[Import]:
        return list(self._imports(self.tree, "loading"))

    def _imports(self, node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, child.lineno, when) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                origin = self._origin(child)
                for alias in child.names:
                    yield Import(f"{origin}.{alias.name}", child.lineno, when)
            elif isinstance(child, Function | ast.Lambda):
                yield from self._imports(child, "calling")
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from self._imports(child, "typing")
            else:
                yield from self._imports(child, when)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return str(node.module)
        above = self.package.split(".")
        above = above[: len(above) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]


@cache
def sources() -> list[Source]:
    files = [*ROOT.glob("snas_cli/**/*.py"), *ROOT.glob("plugins/snas_plugins/**/*.py")]
    return [Source(str(file.relative_to(ROOT)), file.read_text()) for file in sorted(files)]


def body_lines(function: Function) -> int:
    """From the first statement to the last, without decorators, signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    first = min(getattr(node, "lineno", body[0].lineno) for node in ast.walk(body[0]))
    return (body[-1].end_lineno or first) - first + 1


# --- the rules ------------------------------------------------------------------------------------


def layers(source: Source) -> Iterator[str]:
    """Parts of snas_cli import only what stands below them, when they load or later."""
    if not source.module.startswith("snas_cli"):
        return
    if source.part not in MAY_IMPORT:
        yield source.fault(1, f"{source.part} has no place in LAYERS, in {Path(__file__).name}")
        return
    forbidden = MAY_IMPORT.keys() - MAY_IMPORT[source.part] - {source.part, ""}
    for item in source.imports:
        top, _, rest = f"{item.module}.".partition(".")
        target = rest.split(".")[0]
        if top == "snas_plugins":
            yield source.fault(item.line, "snas_cli never imports snas_plugins")
        elif top == "snas_cli" and target in forbidden:
            yield source.fault(item.line, f"{source.part or 'snas_cli'} imports {target}")


def plugin_imports(source: Source) -> Iterator[str]:
    """Plugins import snas_cli.api, and private modules of their own folder."""
    if not source.module.startswith("snas_plugins"):
        return
    for item in source.imports:
        top, *rest = item.module.split(".")
        if top == "snas_cli" and rest[:1] != ["api"]:
            yield source.fault(item.line, f"a plugin imports {item.module}, not snas_cli.api")
        if top == "snas_plugins" and (
            rest[:1] != [source.part] or not "".join(rest[1:2]).startswith("_")
        ):
            yield source.fault(item.line, f"{item.module} is no private module of {source.part}")


def slow_imports(source: Source) -> Iterator[str]:
    """`search` has no torch at all; what stands below it and the modules of plugins load none."""
    for item in source.imports:
        if source.module.startswith("snas_cli.search") and _top(item) in TORCH:
            yield source.fault(item.line, f"search imports {item.module}")
        elif source.part in MAY_IMPORT["search"] and _top(item) in SLOW and item.when != "typing":
            yield source.fault(item.line, f"{source.part} imports {item.module}")
    if _is_public_plugin(source):
        for item in _slow_when_loaded(source, sources()):
            yield source.fault(item.line, f"loading a plugin imports {item.module}")


def _slow_when_loaded(source: Source, others: Iterable[Source]) -> Iterator[Import]:
    """Imports of slow modules, and of private modules that have them."""
    for item in source.imports:
        if item.when != "loading":
            continue
        private = [
            other
            for other in others
            if f"{item.module}.".startswith(f"{other.module}.") and "._" in other.module
        ]
        if _top(item) in SLOW or any(any(_slow_when_loaded(other, others)) for other in private):
            yield item


def _top(item: Import) -> str:
    return item.module.split(".")[0]


def _is_public_plugin(source: Source) -> bool:
    name = Path(source.path).name
    return source.module.startswith("snas_plugins.") and not name.startswith("_")


def sizes(source: Source) -> Iterator[str]:
    """Files have at most 400 lines, functions 60 and 6 parameters."""
    lines = len(source.text.splitlines())
    if lines > 400:
        yield source.fault(400, f"{lines} lines; a file has at most 400")
    for function in source.functions:
        count = body_lines(function)
        if count > 60:
            yield source.fault(function.lineno, f"{function.name} has {count} lines, not up to 60")
        parameters = _counted_parameters(source, function)
        if len(parameters) > 6:
            many = f"{function.name} has {len(parameters)} parameters, not up to 6"
            yield source.fault(function.lineno, many)


def _counted_parameters(source: Source, function: Function) -> list[ast.arg]:
    """Without self and cls, and in snas_cli.commands without typer's options."""
    given = function.args
    several = [arg for arg in (given.vararg, given.kwarg) if arg]
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    counted = [*several, *(arg for arg in named if arg.arg not in ("self", "cls"))]
    if source.part != "commands":
        return counted
    return [arg for arg in counted if not _is_option(ast.unparse(arg.annotation or arg))]


def _is_option(annotation: str) -> bool:
    return _makes_option(annotation) or annotation in ("typer.Context", *_option_names())


def _makes_option(code: str) -> bool:
    return code.startswith("Annotated[")  # in a command, only options and arguments are


@cache
def _option_names() -> set[str]:
    """Names that stand for an annotated option, such as `Seed = Annotated[int, typer.Option()]`."""
    return {
        ast.unparse(node.targets[0])
        for source in sources()
        if source.part == "commands"
        for node in source.tree.body
        if isinstance(node, ast.Assign) and _makes_option(ast.unparse(node.value))
    }


def docstrings(source: Source) -> Iterator[str]:
    """Every module says what it is for."""
    if not ast.get_docstring(source.tree):
        yield source.fault(1, "a module opens with a docstring")


def names(source: Source) -> Iterator[str]:
    """No module is a drawer for odds and ends."""
    for word in source.module.split("."):
        if word.strip("_") in VAGUE:
            yield source.fault(1, f"{word!r} does not say what is in it")


def broad_excepts(source: Source) -> Iterator[str]:
    """Only the two borders catch everything."""
    if source.path in BORDERS:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _broad(node.type)):
            yield source.fault(node.lineno, "catches everything; name the errors that are meant")
    for call in source.calls:
        if ast.unparse(call.func).endswith("suppress") and any(map(_broad, call.args)):
            yield source.fault(call.lineno, "suppresses everything")


def _broad(node: ast.expr) -> bool:
    return any(
        ast.unparse(part).rpartition(".")[2] in ("Exception", "BaseException")
        for part in (node.elts if isinstance(node, ast.Tuple) else [node])
    )


def strangers_code(source: Source) -> Iterator[str]:
    """Nothing that is read from a file can run code."""
    for item in source.imports:
        pickles = _top(item) in PICKLES and item.module != "pickle.UnpicklingError"
        if pickles or item.module in RUNS_CODE:
            yield source.fault(item.line, f"{item.module} can run a stranger's code")
    for call in source.calls:
        name = ast.unparse(call.func)
        if name in RUNS_CODE and source.module.startswith("snas_cli"):
            yield source.fault(call.lineno, f"{name} can run a stranger's code")
        if name == "torch.load" and "weights_only=True" not in map(ast.unparse, call.keywords):
            yield source.fault(call.lineno, "torch.load without weights_only=True")


Rule = Callable[[Source], Iterator[str]]
RULES: tuple[Rule, ...] = (
    layers,
    plugin_imports,
    slow_imports,
    sizes,
    docstrings,
    names,
    broad_excepts,
    strangers_code,
)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_to(rule: Rule) -> None:
    faults = [fault for source in sources() for fault in rule(source)]
    assert not faults, "\n" + "\n".join(faults)


def test_functions_are_small() -> None:
    lengths = [body_lines(function) for source in sources() for function in source.functions]
    assert median(lengths) < 12


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_source_is_ignored_by_git() -> None:
    """Nor by hatchling, which leaves what git ignores out of wheels."""
    paths = "\n".join(source.path for source in sources())
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", "--verbose", "--stdin"],
        input=paths,
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert not ignored.stdout, "\n" + ignored.stdout
    assert not ignored.stderr


# --- the rules see what they are meant to see -----------------------------------------------------

PRIVATE = "plugins/snas_plugins/families/_layers.py"
LONG = "def f():\n" + "    f()\n" * 61
WIDE = "def f({}): ..."


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (layers, "snas_cli/errors.py", "import snas_cli.api"),
        (layers, "snas_cli/genome/space.py", "from snas_cli import api"),
        (layers, "snas_cli/genome/space.py", "from ..api import Trial"),
        (layers, "snas_cli/genome/space.py", "from .. import registry"),
        (layers, "snas_cli/search/loop.py", "def f():\n    from snas_cli.training import data"),
        (layers, "snas_cli/runs/a.py", "if TYPE_CHECKING:\n    from snas_cli.execution import a"),
        (layers, "snas_cli/report/a.py", "from snas_cli.export.verify import verify"),
        (layers, "snas_cli/testing/a.py", "from snas_cli.training import data"),
        (layers, "snas_cli/commands/a.py", "import snas_cli.testing"),
        (layers, "snas_cli/app.py", "import snas_plugins"),
        (layers, "snas_cli/__init__.py", "from snas_cli.runs.folder import open_run"),
        (layers, "snas_cli/cellar/a.py", ""),
        (plugin_imports, "plugins/snas_plugins/families/a.py", "from snas_cli import errors"),
        (plugin_imports, "plugins/snas_plugins/families/a.py", "from snas_cli.genome import Flag"),
        (plugin_imports, "plugins/snas_plugins/families/a.py", "from .cnn import CNN"),
        (plugin_imports, "plugins/snas_plugins/datasets/a.py", "from ..families import _layers"),
        (slow_imports, "snas_cli/search/a.py", "def f():\n    import torch.nn"),
        (slow_imports, "snas_cli/search/a.py", "if TYPE_CHECKING:\n    from torch import nn"),
        (slow_imports, "snas_cli/recipe/a.py", "def f():\n    import torch"),
        (slow_imports, "plugins/snas_plugins/families/a.py", "from torch import nn"),
        (slow_imports, "plugins/snas_plugins/exporters/a.py", "class A:\n    import onnx"),
        (sizes, "snas_cli/a.py", "\n" * 401),
        (sizes, "snas_cli/a.py", LONG),
        (sizes, "snas_cli/a.py", "class A:\n    async def f(self, a, b, /, c, *d, e, f, **g): ..."),
        (sizes, "snas_cli/a.py", WIDE.format(", ".join(f"p{i}: typer.Option()" for i in range(7)))),
        (docstrings, "snas_cli/a.py", "x = 1"),
        (names, "snas_cli/search/_utils.py", ""),
        (names, "snas_cli/common/a.py", ""),
        (broad_excepts, "snas_cli/a.py", "try:\n    f()\nexcept:\n    pass"),
        (broad_excepts, "snas_cli/a.py", "try:\n    f()\nexcept (OSError, Exception):\n    pass"),
        (broad_excepts, "snas_cli/a.py", "with contextlib.suppress(BaseException):\n    f()"),
        (strangers_code, PRIVATE, "def f():\n    from pickle import loads"),
        (strangers_code, "snas_cli/a.py", "eval('1')"),
        (strangers_code, "snas_cli/a.py", "yaml.load(text, Loader=yaml.Loader)"),
        (strangers_code, "snas_cli/a.py", "torch.load(path, weights_only=False)"),
    ],
)
def test_a_rule_sees(rule: Rule, path: str, text: str) -> None:
    (fault,) = rule(Source(path, text))
    assert fault.startswith(f"{path}:")


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (layers, "snas_cli/search/a.py", "from snas_cli import __version__\nimport torch"),
        (layers, "snas_cli/recipe/a.py", "from snas_cli.recipe.schema import Recipe"),
        (plugin_imports, "plugins/snas_plugins/families/a.py", "from . import _layers"),
        (plugin_imports, "plugins/snas_plugins/families/a.py", "from snas_cli.api import Family"),
        (slow_imports, "plugins/snas_plugins/families/a.py", "def f():\n    import torch"),
        (sizes, "snas_cli/a.py", 'def f():\n    """' + "a\n" * 99 + '    """\n    return 1'),
        (sizes, "snas_cli/commands/a.py",
         WIDE.format(", ".join(f"p{i}: Annotated[int, typer.Option()]" for i in range(9)))),
        (broad_excepts, "snas_cli/registry.py", "try:\n    f()\nexcept Exception:\n    pass"),
        (strangers_code, "snas_cli/a.py", "from pickle import UnpicklingError\nnet.eval()"),
        (strangers_code, "snas_cli/a.py", "torch.load(path, weights_only=True)"),
    ],
)  # fmt: skip
def test_a_rule_allows(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


def test_slow_imports_are_seen_through_private_modules() -> None:
    public = Source("plugins/snas_plugins/families/a.py", "from . import _b\nfrom . import _quick")
    private = Source("plugins/snas_plugins/families/_b.py", "from ._layers import block")
    others = [
        private,
        Source(PRIVATE, "import torch"),
        Source("plugins/snas_plugins/families/_quick.py", "import math"),
    ]
    assert [item.line for item in _slow_when_loaded(public, others)] == [1]


# --- entry points ---------------------------------------------------------------------------------


def declared() -> dict[str, int]:
    """The modules of our own entry points, with their lines in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text()
    lines = text.splitlines()
    values = tomllib.loads(text)["project"]["entry-points"]["snas"].values()
    return {
        value.partition(":")[0]: next(i for i, line in enumerate(lines, 1) if f'"{value}"' in line)
        for value in values
    }


def test_every_plugin_module_is_an_entry_point_and_the_reverse() -> None:
    public = {source.module: source for source in sources() if _is_public_plugin(source)}
    lines = declared()
    faults = [public[module].fault(1, "is no entry point") for module in public.keys() - lines]
    faults += [
        f"pyproject.toml:{line}: there is no module {module}"
        for module, line in lines.items()
        if module not in public
    ]
    assert not faults, "\n" + "\n".join(faults)


# --- what a command loads -------------------------------------------------------------------------

RUN_COMMAND = """
import sys, tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from snas_cli.app import make_app
from snas_cli.registry import Registry

points = tomllib.loads(Path("pyproject.toml").read_text())["project"]["entry-points"]["snas"]
registry = Registry([EntryPoint(name, value, "snas") for name, value in points.items()])
assert not registry.broken, registry.broken
try:
    make_app(registry)(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
print("loaded:", *sorted({"torch", "torchvision", "onnx", "sklearn"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["datasets"], ["plugins"]])
@pytest.mark.skipif(not (ROOT / "snas_cli/app.py").exists(), reason="there is no app yet")
def test_a_command_that_trains_nothing_loads_no_torch(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", RUN_COMMAND, *arguments],
        env={**os.environ, "PYTHONPATH": ":".join(map(str, SOURCE_ROOTS))},
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "loaded:"
