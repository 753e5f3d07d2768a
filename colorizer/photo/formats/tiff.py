"""TIFF (TIFF 6.0 and BigTIFF), read and written by libvips, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.photo.blocks.behind import name_behind
from colorizer.photo.formats.photo_format import Opening, PhotoFormat, starts_with
from colorizer.photo.tags import (
    BIGTIFF_BYTES,
    BITS,
    COMPRESSION,
    EXTRA_SAMPLES,
    HEIGHT,
    PHOTOMETRIC,
    PLANES,
    SAMPLE_FORMAT,
    SAMPLES,
    SUBFILE_TYPE,
    WIDTH,
    Tags,
    descriptive,
    end_of,
    number,
    read_directories,
    subdirectories,
)
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import ColouredStrips, Photo, Picture

_DEPTHS = {1, 2, 4, 8, 16, 32}
_DEPTHS_OF_SCANNERS = {10, 12, 14}
"""Depths that libvips does not read."""
_READ_BY_VIPS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 34676, 34677, 50001}
"""Compressions that libvips reads wherever it runs; tifffile and imagecodecs read others."""
_UNSPECIFIED, _PREMULTIPLIED, _ALPHA = 0, 1, 2
"""Kinds of extra samples; the colour is multiplied with the second one (TIFF 6.0, ExtraSamples)."""
_MOST_SAMPLES = 64
"""Samples of a pixel; more would be those of a damaged header, for which no memory is enough."""
_SEPARATE = 2
"""PlanarConfiguration of samples in planes."""
_COLOURS = {0: 1, 1: 1, 3: 1, 5: 4}
"""Samples of a pixel that are its colour, by PhotometricInterpretation; three in others."""
_COMPLEX = {5, 6}
"""Sample formats that are not pictures (Adobe Pagemaker 6.0 TIFF technical notes)."""
_JPEG = {6, 7}
"""Compressions whose decoder turns Y'CbCr into R'G'B'."""
_MASK, _YCBCR, _CIELAB, _ICCLAB, _ITULAB = 4, 6, 8, 9, 10


@dataclass(frozen=True, slots=True)
class _Page:
    """A picture in a TIFF."""

    number: int
    """Of its directory."""
    tags: Tags
    subdirectory: int = -1
    """Number of its directory below that one; -1 for that one itself."""
    above: Tags = field(default_factory=dict)
    """Tags of the directory above it."""

    @property
    def descriptive(self) -> Tags:
        """The tags that describe it."""
        return descriptive(self.above) | descriptive(self.tags)

    @property
    def shape(self) -> tuple[int, int]:
        """Width and height."""
        return number(self.tags, WIDTH, 0), number(self.tags, HEIGHT, 0)


def _open(source: Path, opening: Opening) -> Photo:
    """Open every page, without the reduced copies of pages, which viewers make for themselves."""
    from colorizer.photo.picture import Photo

    directories = _read_directories(source)
    pages = _pages(directories)
    if any(map(_is_mask, directories)) and not pages:
        raise UnsupportedError(f"{source.name}: there is a transparency mask in it, but no picture")
    if not pages:
        raise TruncatedError(f"{source.name}: the picture ends too early (no picture is in the file)")
    infrared = _find_infrared(pages)
    for page in pages:
        check_support(source.name, page.tags)
    with_vips = all(_reads_with_vips(page.tags) for page in pages)  # its messages do not tell which page they are about
    pictures: list[Picture] = []
    kept: list[tuple[int, Picture]] = []
    notes: list[str] = []
    for page in pages:
        picture, said = _open_page(source, opening, page, with_vips=with_vips)
        notes += said
        opening = opening.after(picture)
        if page is infrared:
            kept.append((len(pictures), picture))
            notes.append(f"page {page.number + 1} kept as it is: it looks like a scanner's infrared")
        else:
            pictures.append(picture)
    notes += (*_left_out(directories, pages), *name_behind(source, lambda _file: end_of(directories)))
    return Photo(TIFF, tuple(pictures), kept_pages=tuple(kept), notes=tuple(dict.fromkeys(notes)))


def _pages(directories: Sequence[Tags]) -> list[_Page]:
    """The pictures of a file: a reduced copy stands for the picture below it (Adobe Pagemaker 6.0 technical notes)."""
    pages = []
    for place, tags in enumerate(directories):
        if _is_mask(tags):
            continue
        if not number(tags, SUBFILE_TYPE, 0) & 1:
            pages.append(_Page(place, tags))
            continue
        below = [
            _Page(place, own, subdirectory, tags)
            for subdirectory, own in enumerate(subdirectories(tags))
            if not number(own, SUBFILE_TYPE, 0) & 1
        ]
        pages += sorted(below, key=lambda page: page.shape)[-1:]
    return pages


def _is_mask(tags: Tags) -> bool:
    """Whether a directory says which pixels of another one are seen (TIFF 6.0, NewSubfileType)."""
    return bool(number(tags, SUBFILE_TYPE, 0) & 4) or number(tags, PHOTOMETRIC, 1) == _MASK


def _left_out(directories: Sequence[Tags], pages: Sequence[_Page]) -> Iterator[str]:
    """Name what is in a file beside its pages."""
    masks = sum(map(_is_mask, directories))
    below = sum(len(subdirectories(tags)) for tags in directories)
    copies = len(directories) - masks + below - len(pages)
    if copies:
        yield f"reduced copies of pages left out: {copies}"
    if masks:
        yield f"transparency masks left out: {masks}"


def _find_infrared(pages: Sequence[_Page]) -> _Page | None:
    """The infrared that a scanner adds: a grey page behind a single one in R'G'B', of the same size and depth."""
    if len(pages) != 2:
        return None
    first, second = pages
    same = first.shape == second.shape and number(first.tags, BITS, 1) == number(second.tags, BITS, 1)
    samples = number(first.tags, SAMPLES, 1), number(second.tags, SAMPLES, 1)
    return second if same and samples == (3, 1) else None


def _read_directories(source: Path) -> list[Tags]:
    try:
        return read_directories(source)
    except EOFError as error:
        raise TruncatedError(f"{source.name}: the picture ends too early ({error})") from error
    except ValueError as error:
        raise MediaError(f"{source.name}: the picture is damaged ({error})") from error


def _open_page(source: Path, opening: Opening, page: _Page, *, with_vips: bool) -> tuple[Picture, tuple[str, ...]]:
    from colorizer.photo.codecs.checks import check_messages
    from colorizer.photo.codecs.tiff_pages import open_tiff_page
    from colorizer.photo.codecs.tiff_segments import check_segments
    from colorizer.photo.codecs.vips import open_with_vips

    notes: tuple[str, ...] = ()
    if with_vips:
        check_segments(source, page.tags)
        own, below = page.descriptive, page.subdirectory
        picture = open_with_vips(
            source, "tiffload_source", opening, tags=own, check_pass=check_messages, page=page.number, subifd=below
        )
        check_messages()
    else:
        picture, notes = open_tiff_page(source, opening, page.number, page.descriptive)
    extra = _extra_samples(page.tags)
    if picture.transparent and (len(extra) > 1 or extra == (_UNSPECIFIED,)):
        picture = replace(picture, transparent=extra[0] != _UNSPECIFIED, extra=extra)
    return picture, notes


def _extra_samples(tags: Tags) -> tuple[int, ...]:
    """What the samples beside the colour are; those of which the file says nothing are unspecified, or one an alpha."""
    stated = tags.get(EXTRA_SAMPLES, {}).get("data") or ()
    more = number(tags, SAMPLES, 1) - _COLOURS.get(number(tags, PHOTOMETRIC, 1), 3)
    if more == 1 and not stated:
        return ()
    known = (_ALPHA if one == _PREMULTIPLIED else one for one in stated)  # no decoder leaves the colour multiplied
    return (*known, *(_UNSPECIFIED for _ in range(more)))[: max(0, more)]


def _reads_with_vips(tags: Tags) -> bool:
    return (
        number(tags, COMPRESSION, 1) in _READ_BY_VIPS
        and PHOTOMETRIC in tags
        and number(tags, BITS, 1) not in _DEPTHS_OF_SCANNERS
        and not _is_grey_in_planes(tags)
        and not _is_small_lab(tags)
    )


def _is_grey_in_planes(tags: Tags) -> bool:
    """Whether samples beside a grey one lie in planes of their own: libvips mixes these up."""
    is_grey = _COLOURS.get(number(tags, PHOTOMETRIC, 1)) == 1
    return is_grey and number(tags, SAMPLES, 1) > 1 and number(tags, PLANES, 1) == _SEPARATE


def _is_small_lab(tags: Tags) -> bool:
    """Whether samples are in ICC's Lab, or in Lab of 8 bits, which libvips takes for something else."""
    space = number(tags, PHOTOMETRIC, 1)
    return space == _ICCLAB or (space == _CIELAB and number(tags, BITS, 1) == 8)


def check_support(name: str, tags: Tags) -> None:
    """Check by its tags that libvips reads the samples of a page correctly.

    Args:
        name: of the file, for messages.
        tags: of the page.

    Raises:
        UnsupportedError: it does not.

    """
    bits, space = number(tags, BITS, 1), number(tags, PHOTOMETRIC, 1)
    if bits not in _DEPTHS | _DEPTHS_OF_SCANNERS:
        raise UnsupportedError(f"{name}: {bits} bits a sample are not coloured; save it with 16")
    if number(tags, SAMPLES, 1) > _MOST_SAMPLES:
        raise UnsupportedError(f"{name}: {number(tags, SAMPLES, 1)} samples a pixel are not coloured")
    if number(tags, SAMPLE_FORMAT, 1) in _COMPLEX:
        raise UnsupportedError(f"{name}: complex samples are not coloured")
    if space == _YCBCR and number(tags, COMPRESSION, 1) not in _JPEG:
        raise UnsupportedError(f"{name}: Y'CbCr that is not compressed as JPEG is not coloured; save it as RGB or grey")
    if space == _ITULAB:
        raise UnsupportedError(f"{name}: ITU's Lab is not coloured; save it as RGB or grey")
    if space in {_CIELAB, _ICCLAB} and number(tags, SAMPLES, 3) > 3:  # libvips takes opaque for negative
        raise UnsupportedError(f"{name}: Lab with transparency is not coloured; save it as RGB or grey")


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    size = image.width * image.height * image.bands * {"uchar": 1, "ushort": 2, "float": 4}[image.format]
    predictor = "float" if image.format == "float" else "horizontal"
    save_with_vips(image, path, ".tiff", compression="deflate", predictor=predictor, bigtiff=size > BIGTIFF_BYTES)


def _save_strips(picture: ColouredStrips, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.tiff_strips import write_tiff_strips

    write_tiff_strips(picture, path)


TIFF = PhotoFormat(
    name="tiff",
    title="TIFF",
    suffixes=(".tif", ".tiff"),
    matches=starts_with(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    open=_open,
    save=_save,
    save_strips=_save_strips,
    deepest="float",
    holds_pages=True,
)
