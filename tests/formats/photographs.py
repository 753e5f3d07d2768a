"""The photographs in the table of docs/formats.md: how each sample is made, and which result is expected."""

from __future__ import annotations

from dataclasses import dataclass

from tests.formats.table import Row

_MAKERS = {
    "convert": "ImageMagick",
    "tiffcp": "libtiff",
    "cwebp": "libwebp",
    "gif2webp": "libwebp",
    "heif-enc": "libheif",
    "ffmpeg": "FFmpeg",
    "exiftool": "ExifTool",
    "opj_compress": "OpenJPEG",
}
LOSSY = 2.0
"""Levels of 255 by which the luma may differ on average where result or original are lossy."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A photograph of one format, and what must become of it."""

    format: str
    """As the table says it."""
    name: str
    """Of the file."""
    commands: tuple[str, ...]
    """Make the file of `grey.png` (8 bits), `deep.png` (16 bits) or `colour.png` beside it."""
    type: str
    """Of the result, as ImageMagick tells."""
    bits: int = 8
    """Of a sample of the result, as ImageMagick tells."""
    pictures: int = 1
    """Pages or frames, of original and result."""
    tags: str = "EXIF XMP"
    """Groups of metadata that the sample gets and the result must keep."""
    mean: float | None = 0.0
    """Levels of 255 by which the luma may differ on average, beyond rounding; None where there is none to compare."""
    note: str = ""

    @property
    def row(self) -> Row:
        """Its row in the table."""
        number = f", {self.pictures} pictures" if self.pictures > 1 else ""
        kept = f"{self.tags.replace(' ', ', ')} kept" if self.tags else ""
        makers = dict.fromkeys(_MAKERS[command.split()[0]] for command in self.commands)
        result = f"{self.type}, {self.bits} bit{number}"
        return Row("photographs", self.format, ", ".join(makers), result, "; ".join(filter(None, (self.note, kept))))


_ALL = "EXIF XMP IPTC"
_FADED = "-alpha set -channel A -fx i/w +channel"
"""For ImageMagick: more transparent the further to the left."""

SAMPLES = (
    Sample("JPEG, baseline, grey", "a.jpg", ("convert grey.png -quality 85 a.jpg",), "JPEG", tags=_ALL, mean=LOSSY),
    Sample(
        "JPEG, progressive, colour",
        "a.jpeg",
        ("convert colour.png -interlace JPEG -quality 92 a.jpeg",),
        "JPEG",
        tags=_ALL,
        mean=LOSSY,
        note="becomes baseline",
    ),
    Sample(
        "JPEG, CMYK",
        "a.jpg",
        ("convert grey.png -colorspace CMYK -quality 95 a.jpg",),
        "JPEG",
        tags=_ALL,
        mean=16.0,
        note="CMYK without a profile is read as coated paper's",
    ),
    Sample("PNG, 1 bit", "a.png", ("convert grey.png -monochrome a.png",), "PNG"),
    Sample("PNG, 2 bit", "a.png", ("convert grey.png -colors 4 -define png:bit-depth=2 a.png",), "PNG"),
    Sample("PNG, 4 bit", "a.png", ("convert grey.png -posterize 16 -define png:bit-depth=4 a.png",), "PNG"),
    Sample("PNG, 8 bit, interlaced", "a.png", ("convert grey.png -interlace PNG a.png",), "PNG"),
    Sample("PNG, 16 bit", "a.png", ("convert deep.png a.png",), "PNG", 16),
    Sample("PNG, palette", "a.png", ("convert colour.png -colors 64 PNG8:a.png",), "PNG"),
    Sample("PNG, grey with alpha", "a.png", (f"convert grey.png {_FADED} a.png",), "PNG"),
    Sample("PNG, made by FFmpeg", "a.png", ("ffmpeg -v error -i deep.png -pix_fmt gray16be a.png",), "PNG", 16),
    Sample(
        "TIFF, 1 bit, Group 4", "a.tif", ("convert grey.png -monochrome -compress Group4 a.tif",), "TIFF", tags=_ALL
    ),
    Sample("TIFF, 4 bit", "a.tif", ("convert grey.png -posterize 16 -depth 4 a.tif",), "TIFF", tags=_ALL),
    Sample("TIFF, 8 bit, LZW", "a.tiff", ("convert grey.png -compress LZW a.tiff",), "TIFF", tags=_ALL),
    Sample("TIFF, 16 bit, Deflate", "a.tif", ("convert deep.png -compress Zip a.tif",), "TIFF", 16, tags=_ALL),
    Sample(
        "TIFF, float",
        "a.tif",
        ("convert deep.png -depth 32 -define quantum:format=floating-point a.tif",),
        "TIFF",
        32,
        tags=_ALL,
        note="stays floating point",
    ),
    Sample(
        "TIFF, tiled",
        "a.tif",
        ("convert grey.png b.tif", "tiffcp -t -w 32 -l 32 b.tif a.tif"),
        "TIFF",
        tags=_ALL,
        note="becomes strips",
    ),
    Sample(
        "BigTIFF, big-endian",
        "a.tif",
        ("convert deep.png b.tif", "tiffcp -8 -B b.tif a.tif"),
        "TIFF",
        16,
        tags="",
        note="BigTIFF again from 3.5 GB",
    ),
    Sample("TIFF, JPEG", "a.tif", ("convert grey.png -compress JPEG -quality 95 a.tif",), "TIFF", tags=_ALL),
    Sample(
        "TIFF, CMYK",
        "a.tif",
        ("convert grey.png -colorspace CMYK a.tif",),
        "TIFF",
        tags=_ALL,
        mean=16.0,
        note="as JPEG, CMYK",
    ),
    Sample(
        "TIFF, Lab, 16 bit",
        "a.tif",
        ("convert deep.png -colorspace Lab a.tif",),
        "TIFF",
        16,
        tags=_ALL,
        mean=LOSSY,
        note="becomes RGB",
    ),
    Sample(
        "TIFF, pages of several sizes and depths",
        "a.tif",
        ("convert grey.png ( grey.png -crop 64x48+0+0 +repage -monochrome ) a.tif",),
        "TIFF",
        pictures=2,
        tags=_ALL,
        note="every page",
    ),
    Sample("WebP, lossy", "a.webp", ("cwebp -quiet -q 90 grey.png -o a.webp",), "WEBP", mean=LOSSY),
    Sample("WebP, lossless", "a.webp", ("cwebp -quiet -lossless grey.png -o a.webp",), "WEBP"),
    Sample(
        "WebP, animated",
        "a.webp",
        ("convert -delay 20 grey.png ( grey.png -flip ) ( grey.png -flop ) b.gif", "gif2webp -quiet b.gif -o a.webp"),
        "WEBP",
        pictures=3,
        note="frame times kept",
    ),
    Sample("GIF", "a.gif", ("convert grey.png a.gif",), "PNG", tags="XMP", note="holds no 24 bit colour"),
    Sample(
        "GIF, animated",
        "a.gif",
        ("convert -delay 20 -loop 3 grey.png ( grey.png -flip ) ( grey.png -flop ) a.gif",),
        "WEBP",
        pictures=3,
        tags="XMP",
        note="lossless, frame times and number of loops kept",
    ),
    Sample("BMP, 1 bit", "a.bmp", ("convert grey.png -monochrome a.bmp",), "BMP", tags=""),
    Sample("BMP, 8 bit", "a.bmp", ("convert grey.png a.bmp",), "BMP", tags="", note="resolution kept"),
    Sample(
        "BMP, with alpha",
        "a.bmp",
        (f"convert grey.png {_FADED} a.bmp",),
        "PNG",
        tags="",
        note="BMP is written without transparency",
    ),
    Sample("HEIC, 8 bit", "a.heic", ("heif-enc -q 95 grey.png -o a.heic",), "HEIC", mean=LOSSY),
    Sample("HEIC, 10 bit", "a.heic", ("heif-enc -b 10 -q 95 deep.png -o a.heic",), "HEIC", 10, mean=LOSSY),
    Sample(
        "HEIC, with alpha",
        "a.heic",
        (f"convert grey.png {_FADED} b.png", "heif-enc -q 95 b.png -o a.heic"),
        "HEIC",
        mean=LOSSY,
    ),
    Sample("AVIF, 8 bit", "a.avif", ("convert grey.png -quality 90 a.avif",), "AVIF", mean=LOSSY),
    Sample(
        "AVIF, 10 bit",
        "a.avif",
        ("ffmpeg -v error -i deep.png -pix_fmt yuv420p10 -c:v libaom-av1 -still-picture 1 -crf 10 a.avif",),
        "AVIF",
        10,
        mean=LOSSY,
    ),
    Sample("JPEG 2000", "a.jp2", ("opj_compress -i grey.png -o a.jp2",), "JP2", note="lossless"),
    Sample(
        "JPEG 2000, 16 bit",
        "a.jp2",
        ("opj_compress -i deep.png -o a.jp2",),
        "TIFF",
        16,
        note="no program at hand writes 16 bit colour into JPEG 2000",
    ),
    Sample(
        "JPEG 2000, with alpha",
        "a.jp2",
        (f"convert grey.png {_FADED} b.png", "opj_compress -i b.png -o a.jp2"),
        "JP2",
    ),
    Sample("PBM", "a.pbm", ("convert grey.png -monochrome a.pbm",), "PPM", tags=""),
    Sample("PGM, ASCII", "a.pgm", ("convert grey.png -compress none a.pgm",), "PPM", tags=""),
    Sample("PGM, 16 bit", "a.pgm", ("convert deep.png a.pgm",), "PPM", 16, tags=""),
    Sample("PPM, made by FFmpeg", "a.ppm", ("ffmpeg -v error -i grey.png -pix_fmt rgb24 a.ppm",), "PPM", tags=""),
    Sample("TGA", "a.tga", ("convert grey.png -compress RLE a.tga",), "TGA", tags=""),
    Sample("TGA, colour", "a.tga", ("convert colour.png -compress None a.tga",), "TGA", tags=""),
    Sample("TGA, with alpha", "a.tga", (f"convert grey.png {_FADED} -compress None a.tga",), "TGA", tags=""),
    Sample("PCX", "a.pcx", ("convert grey.png a.pcx",), "PCX", tags=""),
    Sample("PCX, palette", "a.pcx", ("convert colour.png -type Palette a.pcx",), "PCX", tags=""),
    Sample("SGI, with alpha", "a.sgi", (f"convert grey.png {_FADED} a.sgi",), "SGI", tags=""),
    Sample("Sun raster", "a.ras", ("convert grey.png sun:a.ras",), "PNG", tags="", note="no program at hand writes it"),
    Sample(
        "camera raw (DNG)",
        "a.dng",
        (
            "convert deep.png -compress none a.tif",
            (
                "exiftool -q -o a.dng -DNGVersion=1.4.0.0 -DNGBackwardVersion=1.1.0.0 -UniqueCameraModel=Pinhole"
                " -IFD0:PhotometricInterpretation#=32803 -IFD0:CFARepeatPatternDim=2,2 -IFD0:CFAPattern2=0,1,1,2"
                " -IFD0:SubfileType#=0 -ColorMatrix1=1,0,0,0,1,0,0,0,1 -CalibrationIlluminant1#=21 a.tif"
            ),
        ),
        "TIFF",
        16,
        tags="EXIF",
        mean=None,
        note="developed by LibRaw as sRGB",
    ),
)

REFUSED = (
    Row("photographs", "SVG, PDF, PostScript, icons, disc images, archives", "ImageMagick", "refused", "by name"),
    Row("photographs", "Photoshop and GIMP documents", "", "refused", "save them as TIFF"),
    Row("photographs", "JPEG XL, FITS, DICOM, PAM, a single DPX or OpenEXR", "", "refused", "by name"),
    Row("photographs", "QOI, XBM, XPM, PFM, DDS, SGI of 16 bits", "FFmpeg", "refused", "save it as PNG"),
    Row(
        "photographs",
        "JPEG-LS, JPEG XR, JNG, MNG, PNG for iOS (CgBI)",
        "imagecodecs, these tests",
        "refused",
        "by name",
    ),
    Row("photographs", "PNG of high dynamic range (PQ, HLG)", "these tests", "refused", "save it as sRGB"),
    Row("photographs", "TIFF with signed or complex samples", "", "refused", "save it with 16 bits"),
    Row(
        "photographs",
        "TIFF in Y'CbCr but for JPEG's, or in ITU's Lab",
        "these tests",
        "refused",
        "save it as RGB or grey",
    ),
    Row("photographs", "DNG of R, G, B and infrared", "these tests", "refused", "save it as TIFF"),
    Row("photographs", "TIFF in old-style JPEG", "", "refused", "save it with Deflate or LZW"),
    Row(
        "photographs", "lossless JPEG, JPEG of 12 bits, FlashPix, Photo CD", "imagecodecs", "refused", "save it as TIFF"
    ),
)

ROWS = (*(sample.row for sample in SAMPLES), *REFUSED)
