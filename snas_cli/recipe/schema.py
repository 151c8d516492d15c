"""The keys of a recipe, their defaults and what they mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from snas_cli.recipe.quantities import Count, Duration, Milliseconds, Size


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataSettings(Section):
    """What to learn from."""

    dataset: str = Field("folder", description="A data set by name; see `snas datasets`.")
    path: str | None = Field(
        None, description="Your own pictures, relative to the recipe: a folder of class folders."
    )
    image_column: str = Field("image", description="Of a CSV: the column of paths.")
    label_column: str = Field("label", description="Of a CSV: the column of classes.")
    split_column: str | None = Field(
        None, description="Of a CSV: the column of train, val and test. Default: split, if any."
    )
    group_column: str | None = Field(
        None,
        description="Of a CSV: the column of what belongs together, such as the pictures of one "
        "patient; no split parts it. Default: group, if any.",
    )
    data_dir: str | None = Field(
        None, description="Where downloads are kept. Default: $SNAS_DATA, or ~/.cache/snas/data."
    )
    cache_dir: str | None = Field(
        None,
        description="Where decoded pictures are kept. Default: $SNAS_CACHE, or ~/.cache/snas.",
    )
    max_cache_bytes: Count = Field(
        8_000_000_000,
        description="Sets that are larger when decoded are read anew in each epoch, such as 2G.",
    )
    on_bad_image: Literal["error", "skip"] = Field(
        "error", description="What to do with a picture that cannot be read; skip leaves it out."
    )
    image_size: int | None = Field(
        None, ge=8, le=1024, description="Side in pixels. Default: suggested from the pictures."
    )
    val_fraction: float = Field(
        0.2, gt=0, lt=0.9, description="Cut from the data for choosing, where it has no such split."
    )
    test_fraction: float = Field(
        0.2, gt=0, lt=0.9, description="Cut from the data for the last word, likewise."
    )

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        if self.val_fraction + self.test_fraction >= 0.9:
            raise ValueError("val_fraction and test_fraction leave too little to train on")
        return self


class LevelSettings(Section):
    """A stage of a progressive search: the part of the space that it is kept to."""

    families: list[str] | None = Field(
        None, min_length=1, description="Default: those whose own level has come; at the last, all."
    )
    layers: list[int] | None = Field(
        None, min_length=2, max_length=2, description="The least and the most, such as [2, 3]."
    )
    genes: dict[str, Any] = Field(
        {},
        description="Gene by gene the options that are left, for families that have them: a value, "
        "a list or {most: 128}.",
    )


LEVELS = [
    LevelSettings(
        layers=[2, 3], genes={"filters": {"most": 128}, "activation": "relu", "skip": False}
    ),
    LevelSettings(layers=[3, 5], genes={"filters": {"most": 256}}),
    LevelSettings(),
]


class SpaceSettings(Section):
    """Which architectures there are."""

    families: list[str] | None = Field(
        None, min_length=1, description="Kinds of network; see `snas families`. Default: all."
    )
    min_layers: int | None = Field(
        None, ge=1, description="At least so many layers (blocks, stages)."
    )
    max_layers: int | None = Field(
        None, ge=1, description="At most so many. Default: as the families say."
    )
    genes: dict[str, Any] = Field(
        {},
        description="Gene by gene a value or a list of options, for all families that have it, or "
        "under a family's name for that one: {dropout: 0.1, resnet: {filters: [16, 32]}}.",
    )
    levels: list[LevelSettings] = Field(
        LEVELS, min_length=1, description="The stages of a progressive search, simplest first."
    )

    @model_validator(mode="after")
    def _some_layers(self) -> Self:
        if self.min_layers and self.max_layers and self.min_layers > self.max_layers:
            raise ValueError("min_layers is more than max_layers")
        return self


VERSION: Literal[1] = 1  # of the format of recipes
TRAINING = "training"  # the evaluator that is no plugin
OBJECTIVES = ("accuracy", "params", "flops", "size_bytes", "latency_ms", "activation_bytes")


class EvaluatorSettings(Section):
    """What judges candidates."""

    name: str = Field(
        TRAINING,
        description="training, or the name of a plugin that has scores of its own: a table, say.",
    )
    options: dict[str, Any] = Field({}, description="Further settings of the plugin's.")


class LimitSettings(Section):
    """What a network may cost at most; whatever exceeds it is never trained."""

    max_params: Count | None = Field(None, description="Parameters, such as 300k.")
    max_size_bytes: Size | None = Field(
        None, description="Of the weights in 32 bits, statistics of norms too, such as 1MB."
    )
    max_latency_ms: Milliseconds | None = Field(
        None,
        description="For one picture in ONNX Runtime on one thread of this machine, such as 5ms.",
    )
    max_activation_bytes: Size | None = Field(
        None, description="What training keeps for each picture of a batch, such as 2MB."
    )
    max_flops: Count | None = Field(
        20_000_000,
        description="Floating-point operations for one picture, such as 20M; null for no limit. "
        "The default lets a laptop train a candidate on a thousand pictures in seconds.",
    )


class RungSettings(Section):
    """Training in stages: all candidates a little, the better ones longer, the best in full."""

    count: int | None = Field(
        None,
        ge=1,
        le=5,
        description="Stages; 1 trains every candidate in full. Default: up to 3, as long as the "
        "first has some 250 steps: after fewer, scores tell how fast a network begins.",
    )
    factor: int = Field(
        3, ge=2, description="One in so many goes on, to so many times the training of the last."
    )
    fast: bool = Field(
        False, description="The first half of the generations stop at the first stage."
    )

    @model_validator(mode="after")
    def _fast_needs_stages(self) -> Self:
        if self.fast and self.count == 1:
            raise ValueError("fast needs a count of 2 or more: with 1, the first stage is the last")
        return self

    @property
    def stages(self) -> int:
        """The count; as long as it is left to the data, and they are not known, 1."""
        return self.count or 1


class SearchSettings(Section):
    """How to look for the best."""

    strategy: str = Field("evolution", description="How to search; see `snas plugins`.")
    progressive: bool = Field(True, description="Begin with simple networks: see space.levels.")
    objectives: list[str] = Field(
        ["accuracy"],
        min_length=1,
        description="What is sought: accuracy, and any of params, flops, size_bytes, latency_ms, "
        "activation_bytes, which are to be small. Several make a Pareto front.",
    )
    generations: int | None = Field(
        None, ge=1, description="Rounds of candidates. Default: 6, or what the budget allows."
    )
    budget: Duration | None = Field(
        None, description="Time for the whole run with its finale, such as 2h or 90m."
    )
    max_trials: int | None = Field(None, ge=1, description="Candidates in all.")
    max_epochs: float | None = Field(None, gt=0, description="Epochs of all candidates together.")
    rungs: RungSettings = Field(RungSettings(), description="Training in stages.")
    proxies: list[str] = Field(
        ["params", "flops", "zen", "naswot"],
        description="Scores that need no training. They are used once they have proved on these "
        "data that they rank candidates as training does; [] for none.",
    )
    population_size: int = Field(10, ge=2, description="Candidates in a generation.")
    elites: int = Field(2, ge=0, description="The best that live on unchanged.")
    tournament_size: int = Field(3, ge=1, description="The best of so many becomes a parent.")
    mutation_rate: float = Field(0.2, gt=0, le=1, description="Chance of change for each gene.")
    crossover_rate: float = Field(0.5, ge=0, le=1, description="Chance that a child has 2 parents.")
    operators: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {}, description="Weights of mutation operators, by name; 0 switches one off."
    )
    options: dict[str, Any] = Field({}, description="Further settings of a strategy's own.")

    @model_validator(mode="after")
    def _some_children(self) -> Self:
        if self.elites >= self.population_size:
            raise ValueError("elites must be fewer than population_size, or nothing new is tried")
        return self


class AugmentationSettings(Section):
    """How training pictures are changed each time; those to choose and to test by never are."""

    shift: bool = Field(True, description="Move each by up to an eighth of its side.")
    flip: bool | None = Field(
        None,
        description="Mirror half of them, left to right. Default: if their labels stay true, as a "
        "data set says, or as is found out for the final training.",
    )
    randaugment: int = Field(
        0, ge=0, le=4, description="So many random operations, one after another; 0 for none."
    )
    randaugment_magnitude: int = Field(
        9, ge=0, le=30, description="How strong those operations are."
    )
    mixup: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Blend pairs of pictures and their labels: alpha, such as 0.2.",
    )
    cutmix: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Put a piece of one picture into another: alpha, such as 1.0. With mixup, one "
        "of the two is drawn for each batch.",
    )
    erase: float = Field(
        0.0, ge=0, le=1, description="Chance that a picture loses a random rectangle."
    )


class TrainingSettings(Section):
    """How each candidate is trained before it is judged."""

    epochs: int = Field(10, ge=1, description="Passes over the training pictures.")
    batch_size: int = Field(32, ge=2, description="Pictures in a step.")
    max_batches: int | None = Field(
        None, ge=1, description="At most so many steps an epoch, for quick trials. Default: all."
    )
    time_limit: float | None = Field(
        None,
        gt=0,
        description="Seconds after which a candidate fails; where it is trained for more epochs "
        "than these, more in proportion. Runs with a limit are not repeatable. Default: none.",
    )
    schedule: Literal["cosine", "one_cycle", "constant"] = Field(
        "cosine", description="How the learning rate goes on after its rise."
    )
    warm_up: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of the steps in which the learning rate rises; one_cycle often has 0.3.",
    )
    monitor: Literal["val_acc", "val_loss", "val_balanced_acc"] = Field(
        "val_acc",
        description="What early stopping watches. Candidates are compared by val_balanced_acc, "
        "the mean of the classes' accuracies, if it is that, and by val_acc otherwise.",
    )
    patience: int = Field(5, ge=1, description="Epochs without improvement before it stops.")
    min_delta: float = Field(0.0, ge=0, description="What counts as an improvement.")
    gradient_clip: float = Field(1.0, gt=0, description="The gradient's largest norm.")
    weight_decay: float | None = Field(
        None, ge=0, description="Pulls weights to zero. Default: 0.1 with adamw, otherwise 5e-4."
    )
    label_smoothing: float = Field(0.05, ge=0, lt=1, description="Keeps it from over-confidence.")
    balance: Literal["none", "weights", "sampling"] = Field(
        "none",
        description="For classes of unequal size: weights makes errors in rare ones dearer, "
        "sampling shows all classes equally often.",
    )
    augmentation: AugmentationSettings = Field(
        AugmentationSettings(), description="How training pictures are changed."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: a GPU if there is.")
    amp: Literal["auto", "off"] = Field(
        "auto", description="Half precision where a GPU gains by it; never on a CPU."
    )
    compile: bool = Field(
        False, description="Compile each network, which takes long and pays in long training only."
    )


class SharingSettings(Section):
    """How candidates start from the weights of earlier ones (ENAS: Pham et al. 2018)."""

    enabled: bool = Field(
        False,
        description="Start each candidate from the trained weights of a similar one. Scores after "
        "few epochs are higher, and later candidates have had more training behind them.",
    )
    max_models: int = Field(
        100, ge=1, description="The fittest of a family whose weights are kept to start from."
    )
    min_similarity: float = Field(
        0.5, ge=0, le=1, description="Of two architectures, for one to start from the other."
    )
    slices: bool = Field(
        False, description="Share what tensors of different shapes have in common, too."
    )


class FinaleSettings(Section):
    """What is done with the best networks at the end."""

    top: int = Field(2, ge=1, description="How many are trained again, longer.")
    epochs: int = Field(100, ge=1, description="Passes over the training pictures.")
    seeds: int = Field(1, ge=1, description="How often each; the mean and the spread are reported.")
    start: Literal["scratch", "search"] = Field(
        "scratch", description="search: go on from the weights that they have from the search."
    )
    controls: bool = Field(
        False,
        description="Also run random search and train a hand-made network of the winner's size, "
        "each for the same number of epochs: what was the search worth?",
    )


class ExecutionSettings(Section):
    """Where candidates are trained."""

    executor: str = Field("local", description="local, inline, or a plugin; see `snas plugins`.")
    workers: int | None = Field(
        None, ge=1, description="Processes at the same time. Default: one for each core."
    )
    gpu_ids: list[int] | None = Field(
        None, min_length=1, description="The GPUs to use. Default: as training.device says."
    )
    workers_per_gpu: int | None = Field(None, ge=1, description="Processes that share a GPU.")
    options: dict[str, Any] = Field({}, description="Further settings of an executor's own.")

    def all_options(self) -> dict[str, Any]:
        """Those of an executor, as far as they are set."""
        own = {"workers": self.workers, "gpu_ids": self.gpu_ids,
               "workers_per_gpu": self.workers_per_gpu}  # fmt: skip
        return {**{name: value for name, value in own.items() if value is not None}, **self.options}


class OutputSettings(Section):
    """Where results go."""

    folder: str = Field("runs", description="Each run gets a folder in here.")
    name: str | None = Field(
        None,
        pattern=r"^[\w.-]*\w[\w.-]*$",
        description="The run's name. Default: the data set's, numbered.",
    )
    checkpoint_every: int = Field(1, ge=1, description="Generations between two checkpoints.")
    keep_checkpoints: int = Field(3, ge=1, description="Older ones are deleted.")


class Recipe(Section):
    """A search: what to learn from, which networks to try, how to train and how to choose."""

    version: Literal[1] = Field(VERSION, description="The format of the recipe itself.")
    seed: int = Field(0, ge=0, description="The same seed gives the same search.")
    data: DataSettings = Field(DataSettings(), description="What to learn from.")
    space: SpaceSettings = Field(SpaceSettings(), description="Which architectures there are.")
    evaluator: EvaluatorSettings = Field(EvaluatorSettings(), description="What judges candidates.")
    limits: LimitSettings = Field(LimitSettings(), description="What a network may cost at most.")
    search: SearchSettings = Field(SearchSettings(), description="How to look for the best.")
    training: TrainingSettings = Field(TrainingSettings(), description="How to train a candidate.")
    sharing: SharingSettings = Field(
        SharingSettings(), description="How candidates start from the weights of earlier ones."
    )
    finale: FinaleSettings = Field(FinaleSettings(), description="What is done with the best.")
    execution: ExecutionSettings = Field(
        ExecutionSettings(), description="Where candidates are trained."
    )
    output: OutputSettings = Field(OutputSettings(), description="Where results go.")
    observers: dict[str, dict[str, Any] | None] = Field(
        {},
        description="Who follows the search, each with options of its own or none: tensorboard, "
        "mlflow, or a plugin; see `snas plugins`.",
    )
