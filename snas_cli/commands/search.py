"""`snas search`: from a recipe, a folder of pictures or a data set to a trained network."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from snas_cli.commands._options import AsJson, registry_of
from snas_cli.commands._targets import dataset_at, document_of

_DATA, _NETWORKS, _SEARCH, _TRAINING, _OUTPUT = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in ("Data", "Networks", "Search", "Training", "Output")
)


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(search)


def search(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(help="A recipe (.yaml), pictures (a folder, a .csv), or a data set.")
    ],
    name: Annotated[str | None, _OUTPUT(help="The run's name.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same search.")] = None,
    dataset: Annotated[str | None, _DATA(help="A data set; see `snas datasets`.")] = None,
    path: Annotated[str | None, _DATA(help="Your own pictures: a folder or a CSV.")] = None,
    image_column: Annotated[str | None, _DATA(help="Of a CSV: the column of paths.")] = None,
    label_column: Annotated[str | None, _DATA(help="Of a CSV: the column of classes.")] = None,
    split_column: Annotated[str | None, _DATA(help="Of a CSV: train, val or test.")] = None,
    data_dir: Annotated[str | None, _DATA(help="Where downloads are kept.")] = None,
    image_size: Annotated[int | None, _DATA(help="Side of a picture, in pixels.")] = None,
    families: Annotated[str | None, _NETWORKS(help="Such as cnn,resnet.")] = None,
    min_layers: Annotated[int | None, _NETWORKS(help="At least so many layers.")] = None,
    max_layers: Annotated[int | None, _NETWORKS(help="At most so many layers.")] = None,
    max_params: Annotated[str | None, _NETWORKS(help="Such as 300k.")] = None,
    max_flops: Annotated[str | None, _NETWORKS(help="For one picture. Default: 20M.")] = None,
    max_size: Annotated[str | None, _NETWORKS(help="Of the weights, such as 1MB.")] = None,
    max_latency: Annotated[str | None, _NETWORKS(help="In ONNX Runtime, such as 5ms.")] = None,
    max_activation: Annotated[
        str | None, _NETWORKS(help="Kept for a picture in training, such as 2MB.")
    ] = None,
    objective: Annotated[
        list[str] | None, _SEARCH(help="accuracy, params, latency_ms …; several: a front.")
    ] = None,
    strategy: Annotated[str | None, _SEARCH(help="See `snas plugins`.")] = None,
    progressive: Annotated[
        bool | None, _SEARCH("--progressive/--no-progressive", help="Simple networks first.")
    ] = None,
    generations: Annotated[int | None, _SEARCH(help="Rounds of candidates.")] = None,
    population_size: Annotated[int | None, _SEARCH(help="Candidates in a round.")] = None,
    budget: Annotated[str | None, _SEARCH(help="Time for all of it, such as 2h.")] = None,
    max_trials: Annotated[int | None, _SEARCH(help="Candidates in all.")] = None,
    rungs: Annotated[int | None, _SEARCH(help="Stages of training; only the better go on.")] = None,
    fast: Annotated[
        bool | None, _SEARCH("--fast/--no-fast", help="Early generations: first stage only.")
    ] = None,
    controls: Annotated[
        bool | None, _SEARCH("--controls/--no-controls", help="What is the search worth?")
    ] = None,
    epochs: Annotated[int | None, _TRAINING(help="For each candidate.")] = None,
    batch_size: Annotated[int | None, _TRAINING(help="Pictures in a training step.")] = None,
    patience: Annotated[int | None, _TRAINING(help="Epochs without improvement.")] = None,
    min_delta: Annotated[float | None, _TRAINING(help="What improvement means.")] = None,
    monitor: Annotated[str | None, _TRAINING(help="val_acc, val_balanced_acc or val_loss.")] = None,
    device: Annotated[str | None, _TRAINING(help="auto, cpu or cuda.")] = None,
    workers: Annotated[int | None, _TRAINING(help="Processes. Default: a core each.")] = None,
    gpu_ids: Annotated[str | None, _TRAINING(help="Such as 0,1.")] = None,
    weight_sharing: Annotated[
        bool | None,
        _TRAINING("--weight-sharing/--no-weight-sharing", help="Start from similar networks."),
    ] = None,
    weight_sharing_max_models: Annotated[
        int | None, _TRAINING(help="Networks of a family to start from.")
    ] = None,
    output_dir: Annotated[str | None, _OUTPUT(help="The folder that holds the runs.")] = None,
    checkpoint_every: Annotated[int | None, _OUTPUT(help="In generations.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any key: --set search.elites=1")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search for the best network; train, keep and describe it.

    Options take precedence over the recipe. `snas recipes show` prints every key a recipe has.
    """
    from snas_cli.commands._searching import run_search
    from snas_cli.experiment.running import start
    from snas_cli.recipe.loading import check, override

    registry = registry_of(context)
    document = document_of(target, registry)
    options = {
        "output.name": name,
        "seed": seed,
        "data.dataset": dataset or (dataset_at(Path(path)) if path else None),
        "data.path": str(Path(path).expanduser().resolve()) if path else None,
        "data.image_column": image_column,
        "data.label_column": label_column,
        "data.split_column": split_column,
        "data.data_dir": data_dir,
        "data.image_size": image_size,
        "space.families": families.replace(" ", "").split(",") if families else None,
        "space.min_layers": min_layers,
        "space.max_layers": max_layers,
        "limits.max_params": max_params,
        "limits.max_flops": max_flops,
        "limits.max_size_bytes": max_size,
        "limits.max_latency_ms": max_latency,
        "limits.max_activation_bytes": max_activation,
        "search.objectives": objective or None,
        "search.strategy": strategy,
        "search.progressive": progressive,
        "search.generations": generations,
        "search.population_size": population_size,
        "search.budget": budget,
        "search.max_trials": max_trials,
        "search.rungs.count": rungs or (2 if fast else None),
        "search.rungs.fast": fast,
        "finale.controls": controls,
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.patience": patience,
        "training.min_delta": min_delta,
        "training.monitor": monitor,
        "training.device": device,
        "execution.workers": workers,
        "execution.gpu_ids": _numbers(gpu_ids) if gpu_ids else None,
        "sharing.enabled": weight_sharing,
        "sharing.max_models": weight_sharing_max_models,
        "output.folder": output_dir,
        "output.checkpoint_every": checkpoint_every,
    }
    for dotted, value in options.items():
        if value is not None:
            document.set(dotted, value, _flag(dotted))
    override(document, settings or [])
    recipe = check(document, registry)
    run_search(lambda listener: start(recipe, registry, listener), as_json=as_json)


def _flag(dotted: str) -> str:
    renamed = {
        "output.folder": "output-dir",
        "limits.max_size_bytes": "max-size",
        "limits.max_latency_ms": "max-latency",
        "limits.max_activation_bytes": "max-activation",
        "search.objectives": "objective",
        "search.rungs.count": "rungs",
        "sharing.enabled": "weight-sharing",
        "sharing.max_models": "weight-sharing-max-models",
    }
    return f"--{renamed.get(dotted, dotted.rpartition('.')[2].replace('_', '-'))}"


def _numbers(text: str) -> list[Any]:
    """Of a list with commas; what is no number is left for the recipe's check to refuse."""
    parts = [part.strip() for part in text.split(",")]
    return [int(part) if part.isdecimal() else part for part in parts]
