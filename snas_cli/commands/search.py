# ruff: noqa: ARG001 - the options are read from the context, by the names that OPTIONS has
"""`snas search`: from a recipe, a folder of pictures or a data set to a trained network."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from snas_cli.commands import _completion as completion
from snas_cli.commands._options import AsJson, registry_of
from snas_cli.scripting.options import OPTIONS, apply_options, flag
from snas_cli.scripting.targets import document_of

_DATA, _NETWORKS, _SEARCH, _TRAINING, _OUTPUT = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in ("Data", "Networks", "Search", "Training", "Output")
)


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(search)


def search(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            help="A recipe (.yaml), pictures (a folder, a .csv), or a data set.",
            autocompletion=completion.targets,
        ),
    ],
    name: Annotated[str | None, _OUTPUT(help="The run's name.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same search.")] = None,
    dataset: Annotated[
        str | None,
        _DATA(
            help="A data set; see `snas datasets`.",
            autocompletion=completion.components("dataset"),
        ),
    ] = None,
    path: Annotated[str | None, _DATA(help="Your own pictures: a folder or a CSV.")] = None,
    image_column: Annotated[str | None, _DATA(help="Of a CSV: the column of paths.")] = None,
    label_column: Annotated[str | None, _DATA(help="Of a CSV: the column of classes.")] = None,
    split_column: Annotated[str | None, _DATA(help="Of a CSV: train, val or test.")] = None,
    group_column: Annotated[
        str | None, _DATA(help="Of a CSV: what no split parts, such as a patient.")
    ] = None,
    data_dir: Annotated[str | None, _DATA(help="Where downloads are kept.")] = None,
    image_size: Annotated[int | None, _DATA(help="Side of a picture, in pixels.")] = None,
    families: Annotated[
        str | None,
        _NETWORKS(help="Such as cnn,resnet.", autocompletion=completion.components("family")),
    ] = None,
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
        list[str] | None,
        _SEARCH(
            help="accuracy, params, latency_ms …; several: a front.",
            autocompletion=completion.objectives,
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        _SEARCH(help="See `snas plugins`.", autocompletion=completion.components("strategy")),
    ] = None,
    progressive: Annotated[
        bool | None, _SEARCH("--progressive/--no-progressive", help="Simple networks first.")
    ] = None,
    generations: Annotated[int | None, _SEARCH(help="Rounds of candidates.")] = None,
    population_size: Annotated[int | None, _SEARCH(help="Candidates in a round.")] = None,
    budget: Annotated[str | None, _SEARCH(help="Time for all of it, such as 2h.")] = None,
    max_trials: Annotated[int | None, _SEARCH(help="Candidates in all.")] = None,
    rungs: Annotated[
        int | None, _SEARCH(help="Stages of training; the better go on. Default: by the data.")
    ] = None,
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
    monitor: Annotated[
        str | None,
        _TRAINING(
            help="val_acc, val_balanced_acc or val_loss.",
            autocompletion=completion.words("val_acc", "val_balanced_acc", "val_loss"),
        ),
    ] = None,
    device: Annotated[
        str | None,
        _TRAINING(
            help="auto, cpu or cuda.", autocompletion=completion.words("auto", "cpu", "cuda")
        ),
    ] = None,
    workers: Annotated[int | None, _TRAINING(help="Processes. Default: a core each.")] = None,
    gpu_ids: Annotated[str | None, _TRAINING(help="Such as 0,1.")] = None,
    weight_sharing: Annotated[
        bool | None,
        _TRAINING("--weight-sharing/--no-weight-sharing", help="Start from similar networks."),
    ] = None,
    weight_sharing_max_models: Annotated[
        int | None, _TRAINING(help="Networks of a family to start from.")
    ] = None,
    observer: Annotated[
        list[str] | None,
        _OUTPUT(
            help="tensorboard, mlflow: who follows; may be repeated.",
            autocompletion=completion.components("observer"),
        ),
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
    from snas_cli.recipe.loading import check, override
    from snas_cli.scripting.calls import start

    registry = registry_of(context)
    document = document_of(target, registry)
    # An option that may be repeated is an empty list or tuple where it is not given.
    given = {name: context.params[name] for name in OPTIONS if context.params[name] not in ([], ())}
    apply_options(document, given, flag)
    override(document, settings or [])
    recipe = check(document, registry)
    run_search(lambda around: start(recipe, around), registry, as_json=as_json)
