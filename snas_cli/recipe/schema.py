"""The keys of a recipe, their defaults and what they mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from snas_cli.recipe.quantities import Count


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


class LimitSettings(Section):
    """What a network may cost at most; whatever exceeds it is never trained."""

    max_params: Count | None = Field(None, description="Parameters, such as 300k.")
    max_flops: Count | None = Field(
        20_000_000,
        description="Floating-point operations for one picture, such as 20M; null for no limit. "
        "The default lets a laptop train a candidate on a thousand pictures in seconds.",
    )


class SearchSettings(Section):
    """How to look for the best."""

    strategy: str = Field("evolution", description="How to search; see `snas plugins`.")
    progressive: bool = Field(True, description="Begin with simple networks: see space.levels.")
    generations: int = Field(6, ge=1, description="How many rounds of candidates.")
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
        None, description="Mirror half of them, left to right. Default: if their labels stay true."
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
    weight_decay: float = Field(5e-4, ge=0, description="Pulls weights towards zero.")
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

    top: int = Field(2, ge=1, description="How many are trained again, longer, from scratch.")
    epochs: int = Field(40, ge=1, description="Passes over the training pictures.")


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

    version: Literal[1] = Field(1, description="The format of the recipe itself.")
    seed: int = Field(0, ge=0, description="The same seed gives the same search.")
    data: DataSettings = Field(DataSettings(), description="What to learn from.")
    space: SpaceSettings = Field(SpaceSettings(), description="Which architectures there are.")
    limits: LimitSettings = Field(LimitSettings(), description="What a network may cost at most.")
    search: SearchSettings = Field(SearchSettings(), description="How to look for the best.")
    training: TrainingSettings = Field(TrainingSettings(), description="How to train a candidate.")
    sharing: SharingSettings = Field(
        SharingSettings(), description="How candidates start from the weights of earlier ones."
    )
    finale: FinaleSettings = Field(FinaleSettings(), description="What is done with the best.")
    output: OutputSettings = Field(OutputSettings(), description="Where results go.")
