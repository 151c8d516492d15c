"""Plugins, found through the entry-point group `snas`, and the components they register.

Entry points are loaded here rather than by pluggy, whose loader drops the second of two plugins
that have the same entry-point name. A plugin that cannot be used is kept with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from inspect import get_annotations
from typing import Any, cast

import pluggy

from snas_cli import hookspecs
from snas_cli.api import (
    Dataset,
    Evaluator,
    Executor,
    Exporter,
    Family,
    Gene,
    Observer,
    Operator,
    Proxy,
    Space,
    Strategy,
)
from snas_cli.errors import PluginError, near_match
from snas_cli.kinds.families import genes_of

GROUP = "snas"

KINDS: Mapping[str, type] = {
    "dataset": Dataset,
    "family": Family,
    "operator": Operator,
    "strategy": Strategy,
    "evaluator": Evaluator,
    "proxy": Proxy,
    "executor": Executor,
    "exporter": Exporter,
    "observer": Observer,
}
# Registered as classes, for an instance is of one run.
CLASSES = (Strategy, Evaluator, Executor, Observer)
HOOKS = {
    "dataset": "snas_register_datasets",
    "family": "snas_register_families",
    "operator": "snas_register_operators",
    "strategy": "snas_register_strategies",
    "evaluator": "snas_register_evaluators",
    "proxy": "snas_register_proxies",
    "executor": "snas_register_executors",
    "exporter": "snas_register_exporters",
    "observer": "snas_register_observers",
}


@dataclass(frozen=True)
class Component:
    """A registered item and where it comes from."""

    kind: str
    name: str
    item: Any
    origin: str  # distribution:entry point


@dataclass(frozen=True)
class BrokenPlugin:
    origin: str
    reason: str


class Registry:
    """The components of all plugins by kind and name; made once and handed down."""

    def __init__(self, plugins: Iterable[EntryPoint]) -> None:
        self.hooks = pluggy.PluginManager("snas")
        self.hooks.add_hookspecs(hookspecs)
        self.broken: list[BrokenPlugin] = []
        self._components: dict[tuple[str, str], list[Component]] = {}
        # Entry points come in no particular order; sorted, no later draw can depend on it.
        for plugin in sorted(plugins, key=_origin):
            self._load(plugin)

    @classmethod
    def installed(cls) -> Registry:
        """All plugins of this Python environment."""
        return cls(entry_points(group=GROUP))

    def components(self, kind: str) -> list[Component]:
        """Those of one kind, sorted by name, without the names that two plugins claim."""
        claims = [parts for (of, _), parts in sorted(self._components.items()) if of == kind]
        return [parts[0] for parts in claims if len(parts) == 1]

    def clashes(self, *kinds: str) -> list[str]:
        """A sentence for each name, of these kinds or of any, that several plugins claim: none of
        them has it."""
        claims = [
            parts
            for (kind, _), parts in sorted(self._components.items())
            if len(parts) > 1 and (not kinds or kind in kinds)
        ]
        return [
            f"the {parts[0].kind} {parts[0].name!r} is registered by "
            f"{' and '.join(part.origin for part in parts)}; uninstall all but one of them"
            for parts in claims
        ]

    def names(self, kind: str) -> list[str]:
        return [part.name for part in self.components(kind)]

    def find(self, kind: str, name: str) -> Component:
        """Raises PluginError, with near matches and the plugins that could not be loaded."""
        claims = self._components.get((kind, name), [])
        if len(claims) != 1:
            raise PluginError(self._unusable(kind, name, claims))
        return claims[0]

    def _unusable(self, kind: str, name: str, claims: list[Component]) -> str:
        if claims:
            return next(clash for clash in self.clashes() if f"{kind} {name!r}" in clash)
        message = f"there is no {kind} {name!r}; {near_match(name, self.names(kind))}"
        for plugin in self.broken:
            message += f" (the plugin {plugin.origin} could not be loaded: {plugin.reason})"
        return message

    def dataset(self, name: str) -> Dataset:
        return cast("Dataset", self.find("dataset", name).item)

    def family(self, name: str) -> Family:
        return cast("Family", self.find("family", name).item)

    def operator(self, name: str) -> Operator:
        return cast("Operator", self.find("operator", name).item)

    def strategy(self, name: str) -> type[Strategy]:
        return cast("type[Strategy]", self.find("strategy", name).item)

    def evaluator(self, name: str) -> type[Evaluator]:
        return cast("type[Evaluator]", self.find("evaluator", name).item)

    def proxy(self, name: str) -> Proxy:
        return cast("Proxy", self.find("proxy", name).item)

    def executor(self, name: str) -> type[Executor]:
        return cast("type[Executor]", self.find("executor", name).item)

    def exporter(self, name: str) -> Exporter:
        return cast("Exporter", self.find("exporter", name).item)

    def observer(self, name: str) -> type[Observer]:
        return cast("type[Observer]", self.find("observer", name).item)

    def call(
        self, hook: str, check: Callable[[], None] | None = None, **arguments: Any
    ) -> list[BrokenPlugin]:
        """Calls a hook of all plugins, and `check` after each, which raises for what it should not
        have done. Those that fail are switched off, and returned."""
        implementations = list(getattr(self.hooks.hook, hook).get_hookimpls())
        failed = []
        for implementation in implementations:
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
                if check is not None:
                    check()
            except (Exception, SystemExit) as error:  # noqa: BLE001
                failed.append(self._switch_off(implementation.plugin_name, error))
        return failed

    def _switch_off(self, origin: str, error: BaseException) -> BrokenPlugin:
        if self.hooks.has_plugin(origin):
            self.hooks.unregister(name=origin)
        self.broken.append(BrokenPlugin(origin, f"{type(error).__name__}: {error}"))
        return self.broken[-1]

    def _load(self, plugin: EntryPoint) -> None:
        """A stranger's module can fail in any way, and must not take the others down: this file
        and `kinds.guard` are the two places that catch everything."""
        origin = _origin(plugin)
        try:
            module = plugin.load()
            _check_hooks(module)
            self.hooks.register(module, name=origin)
            found = list(self._components_of(origin))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a script that exits, too
            self._switch_off(origin, error)
            return
        for part in found:
            self._components.setdefault((part.kind, part.name), []).append(part)

    def _components_of(self, origin: str) -> Iterable[Component]:
        for kind, hook in HOOKS.items():
            for implementation in getattr(self.hooks.hook, hook).get_hookimpls():
                if implementation.plugin_name == origin:
                    items = implementation.function()
                    if not isinstance(items, list):
                        raise TypeError(f"{hook} must return a list, not {items!r}")
                    for item in items:
                        yield Component(kind, _checked_name(kind, item), item, origin)


def _check_hooks(module: Any) -> None:
    """Raises TypeError for a hook that is misspelt, or lacks its decorator: pluggy would pass over
    either."""
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "snas_spec")]
    for name, value in vars(module).items():
        marked = hasattr(value, "snas_impl")
        if marked and name not in hooks:
            raise TypeError(f"unknown hook {name!r}; {near_match(name, hooks)}")
        if not marked and (name in hooks or name.startswith("snas_register_")):
            raise TypeError(f"{name} is not marked with @hookimpl")


def _checked_name(kind: str, item: Any) -> str:
    """The item's name. Raises TypeError for what is not of the kind, or lacks what its interface
    says, and SpaceError for a family whose genes do not fit together."""
    wanted = KINDS[kind]
    by_class = wanted in CLASSES
    fits = isinstance(item, type) and issubclass(item, wanted) if by_class else (
        isinstance(item, wanted)
    )  # fmt: skip
    if not fits:
        form = "a class derived from" if by_class else "an instance of"
        raise TypeError(f"{HOOKS[kind]} returned {item!r}, which is not {form} {wanted.__name__}")
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise TypeError(f"{item!r} needs a name of letters, digits and underscores, not {name!r}")
    lacking = [part for part in get_annotations(wanted) if not hasattr(item, part)]
    if lacking:
        raise TypeError(f"the {kind} {name!r} lacks {' and '.join(lacking)}")
    if isinstance(item, Family):
        _check_genes(item)
    return name


def _check_genes(family: Family) -> None:
    for name, gene in family.genes.items():
        if not isinstance(gene, Gene):
            raise TypeError(f"the gene {name!r} of {family.name!r} should be a Choice, Ordinal, "
                            f"Flag or Layers, not {gene!r}")  # fmt: skip
    genes = genes_of(family)
    Space({family.name: genes})
    for name, value in family.textbook.items():
        if name not in genes:
            raise TypeError(f"the textbook of {family.name!r} has {name!r}, which is no gene of it")
        try:
            genes[name].parse(value)
        except ValueError as fault:
            raise TypeError(f"the textbook of {family.name!r}: {name}: {fault}") from None


def _origin(plugin: EntryPoint) -> str:
    distribution = plugin.dist.name if plugin.dist else "unknown"
    return f"{distribution}:{plugin.name}"
