"""What the JSON files of a run have to hold, so that whoever reads one need not ask again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat, TypeAdapter, ValidationError

from snas_cli.errors import RunError
from snas_cli.runs.events import Best, Number, first_fault
from snas_cli.runs.files import read_json


class _Layer(BaseModel):
    name: str
    kind: str
    shape: list[Number]
    params: int
    flops: int


class _Layers(BaseModel):
    layers: list[_Layer]


class _Data(BaseModel):
    digest: str


class _Latency(BaseModel):
    model_config = ConfigDict(extra="forbid")
    family: str
    params: FiniteFloat
    flops: FiniteFloat
    activation_bytes: FiniteFloat
    ms: FiniteFloat | None = None
    reason: str | None = None


BEST, LAYERS, DATA, LATENCIES = map(TypeAdapter[Any], (Best, _Layers, _Data, dict[str, _Latency]))


def read_checked(path: Path, form: TypeAdapter[Any]) -> Any:
    """The document as it stands there. Raises RunError where it is of another form."""
    document = read_json(path)
    try:
        form.validate_python(document)
    except ValidationError as error:
        raise RunError(f"{path} is damaged: {first_fault(error)}") from None
    return document


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """For a document that is nested too deeply to be checked first. Raises RunError where what is
    made of it fails."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise RunError(f"{path} is damaged: {type(error).__name__}: {error}") from error
