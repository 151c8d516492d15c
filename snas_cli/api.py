"""All that a plugin may import: the genes, the interface of each kind of component, `hookimpl`.

A component is a small class. A plugin module returns its instances (for strategies, evaluators,
executors and observers, which belong to one run, the classes) from the hook of their kind; see
`snas_cli.hookspecs`. Nothing here imports torch, and plugin modules should import it only inside
the methods that need it.
"""

from __future__ import annotations

import pluggy

from snas_cli.errors import (
    CandidateError,
    DataError,
    ExportError,
    NotRunHereError,
    SearchError,
    SnasError,
)
from snas_cli.genome import (
    Choice,
    Flag,
    Gene,
    Genes,
    Genome,
    Layers,
    Ordinal,
    Site,
    Space,
    Value,
    diversity,
)
from snas_cli.kinds.data import DataRequest, Dataset, LabelledImages, Pictures, Split
from snas_cli.kinds.executors import (
    DistantSetup,
    DistantWork,
    Executor,
    Files,
    Job,
    JobResult,
    Slot,
    Work,
    WorkerSetup,
    heavy_first,
)
from snas_cli.kinds.exporters import Exporter, ModelCard, Runtime, Sample, Source, Written
from snas_cli.kinds.families import Family, Task
from snas_cli.kinds.guard import Failure, error_from_json, error_to_json, guarded
from snas_cli.kinds.judging import Evaluator, Proxy
from snas_cli.kinds.observers import Curve, Observer
from snas_cli.kinds.strategies import Operator, SearchSetup, Strategy
from snas_cli.kinds.trials import (
    ACCURACY,
    Candidate,
    Evaluation,
    Objective,
    Proposal,
    Trial,
    by_fitness,
)

__all__ = [
    "ACCURACY",
    "Candidate",
    "CandidateError",
    "Choice",
    "Curve",
    "DataError",
    "DataRequest",
    "Dataset",
    "DistantSetup",
    "DistantWork",
    "Evaluation",
    "Evaluator",
    "Executor",
    "ExportError",
    "Exporter",
    "Failure",
    "Family",
    "Files",
    "Flag",
    "Gene",
    "Genes",
    "Genome",
    "Job",
    "JobResult",
    "LabelledImages",
    "Layers",
    "ModelCard",
    "NotRunHereError",
    "Objective",
    "Observer",
    "Operator",
    "Ordinal",
    "Pictures",
    "Proposal",
    "Proxy",
    "Runtime",
    "Sample",
    "SearchError",
    "SearchSetup",
    "Site",
    "Slot",
    "SnasError",
    "Source",
    "Space",
    "Split",
    "Strategy",
    "Task",
    "Trial",
    "Value",
    "Work",
    "WorkerSetup",
    "Written",
    "by_fitness",
    "diversity",
    "error_from_json",
    "error_to_json",
    "guarded",
    "heavy_first",
    "hookimpl",
]

hookimpl = pluggy.HookimplMarker("snas")
