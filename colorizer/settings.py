"""The settings of a job: how a file is coloured and written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Vividness = Annotated[float, Field(ge=0, le=1)] | Literal["auto"]
WorkingSize = Annotated[int, Field(ge=32, le=4096)] | Literal["auto", "native"]


class Section(BaseModel):
    """A part of the settings: read once, never changed, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ColourSettings(Section):
    """How colour is chosen."""

    weights: Path | Literal["default"] = "default"
    """Weights file (safetensors), or `default` for the one that comes with tintd."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """Where the network runs: auto, cpu, cuda, cuda:N or mps."""
    working_size: WorkingSize = "auto"
    """Short side, in pixels, at which colour is predicted: a number, auto (the weights' own) or native (full size)."""
    vividness: Vividness = "auto"
    """0 (cautious, the mean of what is likely) to 1 (vivid), or auto (as colourful as photographs are)."""


class PhotoSettings(Section):
    """How photographs are read and written."""

    jpeg_quality: int = Field(default=95, ge=1, le=100)
    """Quality of JPEG results."""
    webp_quality: int = Field(default=95, ge=1, le=100)
    """Quality of WebP results; a lossless original gives a lossless result."""
    max_megapixels: PositiveInt = 1000
    """Larger pictures are refused."""


class FilmSettings(Section):
    """How films are written."""

    encoder: Literal["auto", "h264", "hevc", "ffv1"] = "auto"
    """auto: H.264 for 8 bit, HEVC for 10 bit, FFV1 (lossless) for more."""
    quality: int = Field(default=18, ge=0, le=51)
    """Constant rate factor of H.264 and HEVC: 0 is lossless, 18 looks like the original, 28 is small."""
    speed: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"] = (
        "fast"
    )
    """Preset of H.264 and HEVC: slower makes smaller files of the same look."""


class DetectionSettings(Section):
    """What counts as black and white, and what becomes of an original that does not."""

    input: Literal["auto", "grey"] = "auto"
    """auto: real colour counts, a tint (sepia, cyanotype, a scanner's cast) does not; grey: everything is taken for
    black and white, where auto errs."""
    coloured: Literal["skip", "copy", "recolour"] = "skip"
    """An original in colour is left alone and reported, copied to the results as it is, or coloured anew."""

    @property
    def looks(self) -> bool:
        """Whether it matters if an original is in colour."""
        return self.input == "auto" and self.coloured != "recolour"


class JobSettings(Section):
    """All settings that make a result what it is."""

    detection: DetectionSettings = DetectionSettings()
    colour: ColourSettings = ColourSettings()
    photo: PhotoSettings = PhotoSettings()
    film: FilmSettings = FilmSettings()
