"""A training run's settings, read from a recipe in YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Tag,
    ValidationError,
    model_validator,
)

from colorizer.errors import SettingsError
from colorizer.model.network import STRIDE, Architecture


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Places(_Section):
    """Places365 as torchvision stores it; missing files are downloaded."""

    places365: Path
    """Folder of the data set."""
    split: Literal["train-standard", "train-challenge", "val"] = "train-standard"
    small: bool = True
    """Whether to use the pictures of 256 x 256 instead of the large ones."""


class Shards(_Section):
    """Tar files in webdataset's layout, on any number of disks."""

    shards: str
    """Paths or URLs with braces, in webdataset's notation: /disk{1..4}/photos-{000..099}.tar."""


def _kind_of_source(value: object) -> str:
    """The tag of a data source, so that an error is about that kind only."""
    if isinstance(value, Shards) or (isinstance(value, dict) and "shards" in value):
        return "shards"
    return "places365" if isinstance(value, Places | dict) else "folder"


DataSource = Annotated[
    Annotated[Path, Tag("folder")] | Annotated[Places, Tag("places365")] | Annotated[Shards, Tag("shards")],
    Discriminator(_kind_of_source),
]
"""A folder tree, Places365 or shards."""


class Data(_Section):
    """The photographs, and how they are cropped."""

    train: DataSource
    """Training photographs, in colour: a folder tree, {places365: FOLDER}, or {shards: PATTERN}."""
    validation: DataSource
    """Photographs for evaluation and calibration; the folders of a tree's first level are the kinds."""
    cache: Path = Path("runs/cache")
    """Folder for decoded photographs."""
    stored_side: int = Field(default=160, ge=64)
    """Larger photographs are shrunk to this short side."""
    stored: bool = True
    """Whether decoded photographs are kept, 3 bytes a pixel; otherwise each is read from its file every time."""
    crop: PositiveInt = 128
    """Side of the square crop that the network sees."""
    early_crop: PositiveInt | None = None
    """Smaller side, for speed, that is used until the learning rate falls."""
    repeat: dict[str, PositiveInt] = {}
    """How many times each photograph of a kind is used in an epoch; other kinds are used once."""
    scale: tuple[PositiveFloat, PositiveFloat] = (0.72, 1.0)
    """Least and greatest side of a crop, as a part of the photograph's short side."""
    degrade: float = Field(default=0.3, ge=0, le=1)
    """Share of the samples whose luma gets defects of old material: grain, blur, JPEG blocks."""
    tone: NonNegativeFloat = 0.25
    """Amount by which exposure, contrast and gamma of the luma vary."""
    workers: NonNegativeInt | Literal["auto"] = "auto"
    """Number of processes that load samples; "auto" is one for a CPU and up to eight for a GPU."""
    labels: Path | None = None
    """For a classifier: a CSV file with the columns `name`, `class` and optionally `split` (train or val). Without it
    the class of a photograph is its folder, or the class in Places365 or in the shard."""

    @model_validator(mode="after")
    def _scale_rises(self) -> Self:
        if not self.scale[0] <= self.scale[1] <= 1:
            raise ValueError("scale: two numbers in ascending order, at most 1")
        return self


class Start(_Section):
    """The first weights of the ResNet."""

    start: Path | Literal["torchvision"] | None = None
    """Path of a ResNet state dict or of a run's checkpoint; "torchvision" for its ImageNet weights; null for random."""


class Encoder(Start):
    """How the encoder learns."""

    rate: PositiveFloat = 0.5
    """The encoder's learning rate, as a part of the other layers'."""
    frozen: int = Field(default=0, ge=0, le=4)
    """Number of stages of the encoder, from the first, whose weights stay fixed."""


class Schedule(_Section):
    """Length of the run, learning rate and optimizer."""

    batch: PositiveInt = 48
    steps: PositiveInt = 3000
    rate: PositiveFloat = 0.0015
    optimizer: Literal["adamw", "adam"] = "adamw"
    weight_decay: NonNegativeFloat = 0.05
    warm_up: float = Field(default=0.05, ge=0, lt=1)
    """Part of the steps, at the start, in which the learning rate rises."""
    fall: float = Field(default=0.95, ge=0, le=1)
    """Part of the steps, at the end, in which the rate falls along half a cosine. Before that it is constant, so a run
    can be made longer: `plateau.ckpt` is the step at which the fall began."""
    clip: PositiveFloat = 5.0
    """Largest norm of the gradients."""
    average: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the moving average of the weights, which is evaluated and exported."""

    @property
    def falls_at(self) -> int:
        """The step at which the rate begins to fall."""
        return round(self.steps * (1 - self.fall))


class Distillation(_Section):
    """Which networks a colorizer learns from, beside the true colours."""

    teachers: tuple[Literal["default"] | Path, ...] = ()
    """Weights files, "default" for the one that comes with tintd; the mean of their distributions is learnt."""
    share: float = Field(default=0.7, ge=0, le=1)
    """Part of the teachers in what is learnt; the rest is the truth."""


class RunRecipe(_Section):
    """The settings of every run."""

    name: str
    seed: NonNegativeInt = 0
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "auto"] = "auto"
    """16-mixed is for GPUs; a CPU uses bf16-mixed instead."""
    data: Data
    encoder: Start = Start()
    schedule: Schedule = Schedule()
    runs: Path = Path("runs")
    """Folder of the runs; each has a folder of its name for checkpoints and logs."""
    evaluate_every: PositiveInt = 500
    """Number of steps between evaluations, each with a checkpoint."""
    checkpoint_minutes: NonNegativeFloat = 10
    """Minutes between checkpoints where evaluations are rarer; one is written at the next logged step."""
    log_every: PositiveInt = 20
    """Number of steps between log lines with the mean loss and photographs per second."""
    sanity_steps: NonNegativeInt = 20
    """Steps of the overfit check: before a new run, the loss of a few samples must fall; 0 skips the check."""

    @property
    def encoder_rate(self) -> float:
        """The encoder's learning rate, as a part of the other layers'."""
        return 1.0


class Recipe(RunRecipe):
    """The settings of a colorizer's run."""

    task: Literal["colour"] = "colour"
    encoder: Encoder = Encoder()
    weights: Literal["default"] | Path | None = None
    """A weights file of this architecture to start from, "default" for the one that comes with tintd; `encoder.start`
    is ignored then."""
    architecture: Architecture = Architecture()
    distillation: Distillation = Distillation()
    terms: str = ""
    """Terms under which the weights may be used; stored in the weights file."""

    @model_validator(mode="after")
    def _fits_the_stride(self) -> Self:
        for name, side in (("crop", self.data.crop), ("early_crop", self.data.early_crop)):
            if side is not None and side % STRIDE:
                raise ValueError(f"data.{name}: must be a multiple of {STRIDE}")
        return self

    @model_validator(mode="after")
    def _can_be_taught(self) -> Self:
        if self.distillation.teachers and self.architecture.head == "regression":
            raise ValueError("distillation: a regression head predicts no distribution that teachers could teach")
        return self

    @property
    def encoder_rate(self) -> float:
        """The setting `encoder.rate`."""
        return self.encoder.rate


class ClassifierRecipe(RunRecipe):
    """The settings of a classifier's run; a colorizer can start from its encoder."""

    task: Literal["classify"]
    resnet: Literal["resnet18", "resnet34"] = "resnet18"
    inputs: tuple[Literal["grey", "colour"], ...] = Field(default=("grey", "colour"), min_length=1)
    """Inputs of the networks, which are trained side by side on the same samples."""


def load_recipe(path: Path) -> Recipe | ClassifierRecipe:
    """Read and check a recipe.

    Raises:
        SettingsError: the file cannot be read, or one of its settings is wrong.

    """
    try:
        settings = yaml.safe_load(path.read_text())
        if not isinstance(settings, dict):
            raise SettingsError(f"{path}: not a recipe: it has no settings by name")
        kind = ClassifierRecipe if settings.get("task") == "classify" else Recipe
        return kind.model_validate(settings)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_explain(error)}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _explain(error: ValidationError) -> str:
    """The wrong settings by their full names, each with the reason."""
    wrong = [(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")) for one in error.errors()]
    return "; ".join(f"{setting}: {message}" if setting else message for setting, message in wrong)


def load_colour_recipe(path: Path) -> Recipe:
    """Read the recipe of a colorizer.

    Raises:
        SettingsError: see `load_recipe`; or the recipe is a classifier's.

    """
    recipe = load_recipe(path)
    if isinstance(recipe, ClassifierRecipe):
        raise SettingsError(f"{path}: a recipe of a classifier; only a colorizer can be exported")
    return recipe
