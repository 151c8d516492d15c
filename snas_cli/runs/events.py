"""What the events of a journal have to hold, so that whoever reads one need not ask again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

MOST = 2**53  # what JSON numbers are exact up to
Number = Annotated[int, Field(ge=0, le=MOST)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True)


class _Event(_Checked):
    event: str
    elapsed: Seconds = 0.0


class _Proposal(_Checked):
    fingerprint: str
    architecture: dict[str, Any]
    operator: str
    parents: list[Number]
    predicted: FiniteFloat | None = None  # which the first journals lack
    proxies: dict[str, FiniteFloat | None] = Field({})


class _Trial(_Event, _Proposal):
    number: Number
    generation: Number
    fitness: FiniteFloat | None
    metrics: dict[str, FiniteFloat | None]
    reason: str | None
    rungs: list[FiniteFloat]
    seconds: Seconds


class _Proposed(_Event):
    generation: Number
    proposals: list[_Proposal]


class _Generation(_Event):
    generation: Number
    best: FiniteFloat | None
    mean: FiniteFloat | None
    diversity: FiniteFloat


class _Plan(_Event):
    summary: list[Annotated[list[str], Field(min_length=2, max_length=2)]]  # label and value


class _Curve(_Event):
    stage: str
    trial: Number
    rung: Number = 0
    repeat: Number = 0
    epochs: list[dict[str, FiniteFloat]]


class _Finalist(_Event):
    trial: Number
    repeat: Number
    fingerprint: str
    reason: str | None
    metrics: dict[str, Any]


class _Control(_Event):
    name: str
    metrics: dict[str, Any]


class _Planned(_Event):
    generations: Annotated[int, Field(ge=1, le=MOST)]


class _Scores(_Checked):
    """With whatever else was measured of a network."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat | None]


class _Worth(_Checked):
    """A network beside it, with whatever else is known of it."""

    model_config = ConfigDict(extra="allow")
    val_acc: FiniteFloat
    test_acc: FiniteFloat
    params: FiniteFloat


class Best(_Scores):
    """The network that was kept: best/metrics.json."""

    stage: str
    trial: Number
    family: str
    fingerprint: str
    fitness: FiniteFloat
    controls: dict[Literal["hand_made", "random"], _Worth] = Field({})


class _Finished(_Event):
    best: Best


class _Notice(_Event):
    what: str


KINDS: dict[str, type[_Event]] = {
    "trial": _Trial, "rung": _Trial, "halted": _Trial, "proposed": _Proposed,
    "generation": _Generation, "curve": _Curve, "finalist": _Finalist, "control": _Control,
    "planned": _Planned, "finished": _Finished, "notice": _Notice, "plan": _Plan,
}  # fmt: skip


def check_event(event: Any) -> None:
    """Raises ValueError with what is wrong. Kinds that only a newer version knows may be."""
    kind = event.get("event") if isinstance(event, dict) else None
    try:
        KINDS.get(str(kind), _Event).model_validate(event)
    except ValidationError as error:
        raise ValueError(f"not an event of a journal: {first_fault(error)}") from None


def first_fault(error: ValidationError) -> str:
    """Where it is, and what."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"]]))
