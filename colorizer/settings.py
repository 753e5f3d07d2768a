"""The settings of a job: how a file is coloured and written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

Vividness = Annotated[float, Field(ge=0, le=1)] | Literal["auto"]
Steadiness = Annotated[float, Field(ge=0, le=1)] | Literal["auto"]
_NTSC = {"23.976": "24000/1001", "23.98": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001"}
"""Rates as people write them, and as they are."""
_MOST_RATE, _MOST_TERM = 1000, 1_000_000


def _checked_rate(text: str) -> str:
    """A rate as a whole number or a fraction."""
    try:
        rate = Fraction(_NTSC.get(text, text))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"`{text}` is no rate: write frames a second, such as 24, 18 or 24000/1001") from error
    if not (0 < rate <= _MOST_RATE and max(rate.numerator, rate.denominator) <= _MOST_TERM):
        raise ValueError(f"a film has no {text} frames a second")
    return str(rate)


FrameRate = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_checked_rate)]
"""Frames per second: a whole number or a fraction."""
Speed = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
WorkingSize = Annotated[int, Field(ge=32, le=4096)] | Literal["auto", "native"]


class Section(BaseModel):
    """A part of the settings: read once, never changed, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _counts_no_truth(cls, value: object, info: ValidationInfo) -> object:
        """A number is not meant by `yes`, which YAML takes for true, and Python for 1."""
        kinds = _kinds(cls.model_fields[info.field_name].annotation) if info.field_name else frozenset()
        return str(value).lower() if isinstance(value, bool) and kinds & {int, float} and bool not in kinds else value


def _kinds(annotation: object) -> frozenset[object]:
    """A type, and those that it consists of."""
    return frozenset((annotation,)).union(*map(_kinds, get_args(annotation)))


class ColourSettings(Section):
    """How colour is chosen."""

    weights: Path | Literal["default"] = "default"
    """Weights file (safetensors), or `default` for the one that comes with tintd."""
    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, mps, cuda or cuda:N"
    )
    """Where the network runs: auto, cpu, cuda, cuda:N or mps."""
    working_size: WorkingSize = "auto"
    """Short side, in pixels, at which colour is predicted: a number, auto (the weights' own) or native (full size)."""
    vividness: Vividness = "auto"
    """0 (cautious, the mean of what is likely) to 1 (vivid), or auto (as colourful as photographs are)."""


class PhotoSettings(Section):
    """How photographs are read and written."""

    format: Literal["auto", "jpeg", "png", "tiff", "webp", "avif"] = "auto"
    """Of results: auto is the original's, or the nearest that holds colour at its depth."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | Literal["auto"] = "auto"
    """Quality of JPEG results, or auto: as estimated of the original, 95 for one of another format."""
    webp_quality: int = Field(default=95, ge=1, le=100)
    """Quality of WebP results; a lossless original gives a lossless result."""
    heif_quality: int = Field(default=90, ge=1, le=100)
    """Quality of HEIC and AVIF results."""
    profile: Literal["srgb", "p3"] | Path = "srgb"
    """Colour profile of results: srgb, p3, or an ICC file of an R'G'B' space."""
    provenance: bool = True
    """Whether the metadata says what made the colour."""
    truncated: Literal["refuse", "complete"] = "refuse"
    """What becomes of a JPEG that breaks off: refused, or completed with grey."""
    turn: Literal["auto", "keep"] = "auto"
    """auto: a picture that surely lies on its side or is upside down is turned while its colours are chosen; keep: the
    network sees it as it is. The result lies as the original does."""
    max_megapixels: PositiveInt = 1000
    """Larger pictures are refused; the frames of an animation count together."""
    max_megapixels_whole: PositiveInt = 200
    """The same for formats that must be held whole in memory: all but PNG, TIFF and JPEG that are not interlaced."""


_OTHER_NAMES = {"h265": "hevc", "x265": "hevc", "h.265": "hevc", "x264": "h264", "h.264": "h264", "avc": "h264"}
"""Names by which people know encoders, and those by which they are configured."""


class FilmSettings(Section):
    """How films are written."""

    encoder: str = "auto"
    """auto: H.264 for 8 bit, HEVC for 10 bit, FFV1 (lossless) for more, for lossless films and transparent ones; or one
    of the presets h264, hevc, av1, prores, ffv1, h264_nvenc, hevc_nvenc, av1_nvenc; or libav's name of any other."""
    quality: int = Field(default=18, ge=0, le=51)
    """Constant rate factor of H.264 and HEVC, and its like on the scales of AV1 and NVENC: 0 is lossless (H.264, HEVC),
    18 looks like the original, 28 is small."""
    speed: Speed = "fast"
    """Preset of H.264 and HEVC, and its like of AV1 and NVENC: slower makes smaller files of the same look."""
    options: dict[str, Annotated[str, Field(coerce_numbers_to_str=True)]] = {}
    """Further options of the encoder, by libav's names; they go before `quality` and `speed`."""
    steadiness: Steadiness = "auto"
    """0 (each frame is coloured by itself) to 1 (colours of a shot hardly change), or auto."""
    sequences_as: Literal["film", "frames"] = "film"
    """What a sequence of numbered frames becomes: one film, or numbered frames in a folder, in the format they had."""
    interlaced: Literal["auto", "deinterlace", "keep", "progressive"] = "auto"
    """auto: frames of two moments are deinterlaced, as the frames themselves show; deinterlace: so is all that is
    flagged as interlaced; keep: they stay interlaced where the encoder can (H.264, ProRes, FFV1); progressive: no frame
    is deinterlaced."""
    pulldown: Literal["auto", "keep"] = "auto"
    """Where `interlaced` is auto: auto makes telecined film (24 frames a second in 60 fields) its film frames again,
    keep takes it for an interlaced film."""
    turn: Literal["auto", "keep"] = "auto"
    """auto: a film that surely lies on its side or is upside down throughout is turned while its colours are chosen;
    keep: the network sees it as it is. The result lies as the original does."""
    provenance: bool = True
    """Whether the comment says what made the colour."""
    max_megapixels: PositiveInt = 100
    """Films with larger pictures are refused."""

    @field_validator("encoder")
    @classmethod
    def _is_no_other_name(cls, encoder: str) -> str:
        if encoder.lower() in _OTHER_NAMES:
            raise ValueError(f"there is no encoder `{encoder}`; did you mean {_OTHER_NAMES[encoder.lower()]}?")
        return encoder


class DetectionSettings(Section):
    """What counts as black and white, and what becomes of an original that does not."""

    input: Literal["auto", "grey"] = "auto"
    """auto: real colour counts, a tint (sepia, cyanotype, a scanner's cast) does not; grey: everything is taken for
    black and white, where auto errs."""
    coloured: Literal["skip", "copy", "recolour"] = "skip"
    """An original in colour is left alone and reported, copied to the results as it is, or coloured anew."""
    negatives: Literal["skip", "invert", "colour"] = "skip"
    """skip: what surely is a negative is left alone and reported, as its tones are not those of things; invert: its
    positive is coloured; colour: it is coloured like any other picture, where that is wrong."""

    @property
    def checks_colour(self) -> bool:
        """Whether it matters if an original is in colour."""
        return self.input == "auto" and self.coloured != "recolour"


class SizeSettings(Section):
    """Sizes of the originals that are coloured; others are skipped, with the reason."""

    min_kib: NonNegativeInt = 0
    """Smallest file, in KiB."""
    max_mib: PositiveInt | None = None
    """Largest file, in MiB; None: any."""
    min_side: NonNegativeInt = 0
    """Smallest short side of a picture, in pixels."""
    max_side: PositiveInt | None = None
    """Largest long side of a picture, in pixels; None: any."""

    @model_validator(mode="after")
    def _permits_some(self) -> Self:
        if self.max_side is not None and self.min_side > self.max_side:
            raise ValueError("min_side is larger than max_side: every picture would be skipped")
        if self.max_mib is not None and self.min_kib > self.max_mib << 10:
            raise ValueError("min_kib is larger than max_mib: every file would be skipped")
        return self


class JobSettings(Section):
    """All settings of a job: what makes a result what it is, and which originals get one (`size`)."""

    detection: DetectionSettings = DetectionSettings()
    colour: ColourSettings = ColourSettings()
    photo: PhotoSettings = PhotoSettings()
    film: FilmSettings = FilmSettings()
    size: SizeSettings = SizeSettings()
    sequences: FrameRate | None = None
    """Frames per second of numbered frames in a folder, which then are one film; None: they are photographs."""
