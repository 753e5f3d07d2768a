"""A training run's settings, read from a recipe in YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from colorizer.errors import SettingsError
from colorizer.model.network import STRIDE, Architecture
from training.data.sources import Place


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Section):
    """Which photographs, and how they are cropped."""

    train: Place
    """Colour photographs to learn from: a folder tree, {places365: FOLDER}, or {shards: PATTERN}."""
    validation: Place
    """Colour photographs to select and calibrate on; a tree's first level names the kinds."""
    cache: Path = Path("runs/cache")
    """Where decoded photographs are kept between runs."""
    stored_side: int = Field(default=160, ge=64)
    """Photographs are kept with at most this short side."""
    stored: bool = True
    """Whether photographs are kept decoded, 3 bytes a pixel; otherwise each is read from its file every time."""
    crop: PositiveInt = 128
    """Side of the square that the network is shown."""
    early_crop: PositiveInt | None = None
    """Side before the rate falls, where a smaller one, which takes less time, is enough to begin with."""
    repeat: dict[str, PositiveInt] = {}
    """How many times in an epoch the photographs of a kind come; once where it is not named."""
    scale: tuple[PositiveFloat, PositiveFloat] = (0.72, 1.0)
    """Side of the square that is cut out, as a part of the photograph's short side, at least and at most."""
    degrade: float = Field(default=0.3, ge=0, le=1)
    """How often the luma is given the marks of old material: grain, blur, JPEG blocks."""
    tone: NonNegativeFloat = 0.25
    """How much the luma's exposure, contrast and gamma vary."""
    workers: NonNegativeInt | Literal["auto"] = "auto"
    """Processes that prepare samples; "auto" is one beside a CPU's training, up to eight beside a GPU's."""
    labels: Path | None = None
    """For a classifier: a CSV file with the columns `name`, `class` and, where names need it, `split` (train or val).
    Without it a photograph's class is its folder, or what Places365 or a shard says."""

    @model_validator(mode="after")
    def _scale_rises(self) -> Self:
        if not self.scale[0] <= self.scale[1] <= 1:
            raise ValueError("scale: from small to large, at most 1")
        return self


class Start(_Section):
    """Where the ResNet's weights come from."""

    start: Path | Literal["torchvision"] | None = None
    """A ResNet state dict or a run's checkpoint by path, torchvision's ImageNet weights, or nothing."""


class Encoder(Start):
    """How the encoder learns."""

    rate: PositiveFloat = 0.5
    """The encoder's learning rate, as a part of the rest's."""
    frozen: int = Field(default=0, ge=0, le=4)
    """How many of the encoder's stages, from the first, keep the weights that they start with."""


class Schedule(_Section):
    """How long, how fast."""

    batch: PositiveInt = 48
    steps: PositiveInt = 3000
    rate: PositiveFloat = 0.0015
    optimizer: Literal["adamw", "adam"] = "adamw"
    weight_decay: NonNegativeFloat = 0.05
    warm_up: float = Field(default=0.05, ge=0, lt=1)
    """Part of the steps, at the beginning, in which the rate rises."""
    fall: float = Field(default=0.95, ge=0, le=1)
    """Part of the steps, at the end, in which it falls along half a cosine. Between the two it stands still, and a run
    can be made longer: `plateau.ckpt` is where the fall began."""
    clip: PositiveFloat = 5.0
    """Largest norm of the gradients."""
    average: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the weights' moving average, which is what is evaluated and exported."""

    @property
    def falls_at(self) -> int:
        """The step at which the rate begins to fall."""
        return round(self.steps * (1 - self.fall))


class RunRecipe(_Section):
    """What every run needs."""

    name: str
    seed: NonNegativeInt = 0
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "auto"] = "auto"
    """16-mixed is for GPUs; a CPU takes bf16-mixed in its place."""
    data: Data
    encoder: Start = Start()
    schedule: Schedule = Schedule()
    runs: Path = Path("runs")
    """Folder in which each run keeps its checkpoints and logs, under its name."""
    evaluate_every: PositiveInt = 500
    """Steps between two evaluations, each with a checkpoint."""
    checkpoint_minutes: NonNegativeFloat = 10
    """Minutes after which there is a checkpoint between two evaluations too, at the next step that is logged."""
    log_every: PositiveInt = 20
    """Steps whose mean loss, and photographs per second, are a line of the logs."""
    sanity_steps: NonNegativeInt = 20
    """Steps in which a new run must bring down the loss of a few samples, before it begins; 0 for none."""

    @property
    def encoder_rate(self) -> float:
        """The encoder's learning rate, as a part of the rest's."""
        return 1.0


class Recipe(RunRecipe):
    """Everything that makes one set of weights."""

    task: Literal["colour"] = "colour"
    encoder: Encoder = Encoder()
    weights: Literal["default"] | Path | None = None
    """A weights file of this architecture whose whole network learns on, "default" for the one that comes with tintd;
    `encoder.start` is not looked at then."""
    architecture: Architecture = Architecture()
    terms: str = ""
    """Under which terms the weights may be used; stands in their file."""

    @model_validator(mode="after")
    def _fits_the_stride(self) -> Self:
        for name, side in (("crop", self.data.crop), ("early_crop", self.data.early_crop)):
            if side is not None and side % STRIDE:
                raise ValueError(f"data.{name}: must be a multiple of {STRIDE}")
        return self

    @property
    def encoder_rate(self) -> float:
        """As its section says."""
        return self.encoder.rate


class ClassifierRecipe(RunRecipe):
    """Everything that makes a classifier, whose encoder can start a colorizer."""

    task: Literal["classify"]
    resnet: Literal["resnet18", "resnet34"] = "resnet18"
    inputs: tuple[Literal["grey", "colour"], ...] = Field(default=("grey", "colour"), min_length=1)
    """What the networks see that are trained side by side, on the same samples."""


def load_recipe(path: Path) -> Recipe | ClassifierRecipe:
    """Read and check a recipe.

    Raises:
        SettingsError: the file cannot be read, or a setting in it is wrong.

    """
    try:
        settings = yaml.safe_load(path.read_text())
        classifies = isinstance(settings, dict) and settings.get("task") == "classify"
        return (ClassifierRecipe if classifies else Recipe).model_validate(settings)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path}: {error}") from error


def load_colour_recipe(path: Path) -> Recipe:
    """Read the recipe of a colorizer.

    Raises:
        SettingsError: see `load_recipe`; or it is a classifier's.

    """
    recipe = load_recipe(path)
    if isinstance(recipe, ClassifierRecipe):
        raise SettingsError(f"{path}: a classifier's recipe; only a colorizer can be exported")
    return recipe
