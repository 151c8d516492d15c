"""snas: evolves small, accurate, deployable image classifiers.

From Python, `snas_cli.search("digits")` does what `snas search digits` does and returns a Run;
`resume`, `evaluate` and `export` do likewise, and `open_run` opens a run that there is. They live
in snas_cli.scripting. Importing this package loads neither torch nor typer.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snas_cli.errors import SnasError
    from snas_cli.scripting.calls import evaluate, export, open_run, resume, search
    from snas_cli.scripting.run import Run

__all__ = ["Run", "SnasError", "__version__", "evaluate", "export", "open_run", "resume", "search"]
__version__ = "0.1.0"

_HOMES = {"Run": "scripting.run", "SnasError": "errors", "evaluate": "scripting.calls",
          "open_run": "scripting.calls", "resume": "scripting.calls"}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


class _Called(ModuleType):
    """`snas_cli.search` and `snas_cli.export` are packages of this house, and what a script calls:
    Python has one name for both."""

    @property
    def _function(self) -> Any:
        calls = import_module(f"{__package__}.scripting.calls")
        return getattr(calls, self.__name__.rpartition(".")[2])

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._function(*arguments, **options)

    @property
    def __signature__(self) -> Any:
        """What editors and notebooks show."""
        return import_module("inspect").signature(self._function)


for _name in ("search", "export"):
    import_module(f"{__name__}.{_name}").__class__ = _Called
