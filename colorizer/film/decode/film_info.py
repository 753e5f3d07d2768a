"""What a film is: its picture, its other streams and its metadata, as one pass over its headers found them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path

from colorizer.durable import Hex
from colorizer.film.decode.signal import SampleCoding
from colorizer.film.decode.transport_stream import TransportStream
from colorizer.model.orientation import orientation_of, turned
from colorizer.model.upright import Inversion

PROGRESSIVE, TOP_FIRST, BOTTOM_FIRST = 1, 2, 3  # libav's AVFieldOrder


class Scan(Enum):
    """What the lines of a film's frames show."""

    FLAGGED = "as flagged"
    """One moment or two, as each frame's flag says."""
    PROGRESSIVE = "progressive"
    """One moment, whatever the flags say."""
    INTERLACED = "interlaced"
    """Two moments in every frame, whatever the flags say."""
    MIXED = "mixed"
    """One moment or two, which the frames themselves show."""
    TELECINED = "telecined"
    """One moment or two: 4 frames of film in each 5."""


@dataclass(frozen=True, slots=True)
class SideStream:
    """A stream beside the picture that the result carries over."""

    index: int
    """Number in the file."""
    kind: str
    """Audio, subtitle, video, data or attachment."""
    codec: str
    """libav's name, or unknown."""


@dataclass(frozen=True, slots=True)
class FoundStreams:
    """What libav is to be told of a film's streams; it is found by reading the film through."""

    tables: TransportStream | None = None
    """The tables of a transport stream."""
    introduction: Hex = b""
    """What is put in front of the film so that libav knows all its streams; nothing where it knows them without."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter, with libav's names."""

    id: int
    start: int
    """Time at which it begins, in its time base."""
    end: int
    time_base: Fraction | None
    """None: that of libav."""
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilmInfo:
    """What a film is."""

    path: Path
    index: int
    """Number of the picture's stream in the file."""
    codec: str
    container: str
    """libav's name of the demuxer."""
    width: int
    height: int
    pixels: str
    """libav's name of the pixel format."""
    coding: SampleCoding
    shape: Fraction | None
    """Sample aspect ratio."""
    matrix: tuple[int, ...] | None
    """Display matrix in libav's order, where the picture is shown turned."""
    field_order: int
    """libav's AVFieldOrder; 0 and 1 are progressive."""
    scan: Scan
    """How the frames are to be taken."""
    lossless: bool
    alpha: bool
    hidden_alpha: bool
    """Whether it has transparency that libav does not decode, as VP8 and VP9 can."""
    time_base: Fraction
    rate: Fraction
    """Frames per second, as far as the file knows."""
    constant_rate: bool
    """Whether the file says that all frames are shown equally long."""
    expected: int
    """Number of frames, as far as the file knows, else 0."""
    start: Fraction
    """Time at which its first stream begins, in seconds."""
    length: Fraction
    """Length in seconds that the header gives, else 0."""
    disposition: int
    """libav's AV_DISPOSITION flags of the picture."""
    picture_tags: Mapping[str, str]
    """Metadata of the picture's stream."""
    tags: Mapping[str, str]
    """Metadata of the film, without what describes its container."""
    chapters: tuple[Chapter, ...]
    side_streams: tuple[SideStream, ...]
    streams: FoundStreams = FoundStreams()
    narrowed: bool = False
    """Whether grey frames of full range get limited range as they are read."""
    is_density: bool = False
    """Whether its codes are densities of film (log), see `colorizer.film.printing_density`."""
    turn: int = 0
    """Number of quarter turns counter-clockwise by which it surely lies turned where it is shown."""
    inversion: Inversion | None = None
    """How the luma of a negative becomes that of its positive as its frames are read."""
    sound: Path | None = None
    """File of the side streams, if they lie beside the film."""

    @property
    def shown_rate(self) -> Fraction:
        """Frames per second of the result."""
        return self.rate * 4 / 5 if self.scan is Scan.TELECINED else self.rate

    @property
    def interlaced(self) -> bool:
        """Whether its pictures consist of fields of two moments."""
        return self.field_order > PROGRESSIVE

    @property
    def orientation(self) -> int:
        """EXIF orientation (1..8) of its stored frames: how they would stand upright."""
        return turned(orientation_of(self.matrix) if self.matrix else 1, self.turn)

    @property
    def usual_duration(self) -> int:
        """Duration of a frame that does not give its own, in the time base."""
        return max(1, round(1 / (self.rate * self.time_base)))
