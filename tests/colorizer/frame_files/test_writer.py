"""Tests of colorizer/frame_files/writer.py, through the job of a worker: sequences that become frames again."""

import errno
import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
import torch
from av.video.frame import VideoFrame
from PIL import Image, ImageCms, PngImagePlugin

from colorizer.engine import colorize
from colorizer.errors import ChangedError, MediaError
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.decode.probe import probe_film
from colorizer.frame_files.coloured_frame import ColouredFrame
from colorizer.frame_files.png import write_png_frame
from colorizer.job import Excerpt, Job
from colorizer.originals import state_of
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, FilmSettings, JobSettings
from tests.assets.films import Film
from tests.assets.sequences import encoded, write_frames, write_wav

NUMBERS = [1_000_007, 1_000_008, 1_000_010]
"""Numbers of frames, with a gap."""


def job_for(source: Path, weights: Path, **film: object) -> Job:
    """A job that makes frames of a sequence, in a folder beside that of the frames."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings.model_validate({"sequences_as": "frames"} | film),
        sequences="10",
    )
    return Job(source, source.parent.parent / "result", source.parent.parent / "workspace", settings)


def coloured(job: Job) -> Report:
    """Do a job."""
    return colorize(job, lambda _done, _all: None)


def names_in(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def decoded(path: Path) -> VideoFrame:
    """The picture of a frame."""
    with av.open(str(path)) as file:
        return next(file.decode(video=0))


@pytest.mark.parametrize(
    ("name", "pixels", "result"),
    [
        ("scan.{:07}.dpx", "gbrp10be", "gbrp10le"),
        ("scan.{:07}.dpx", "gbrp12le", "gbrp12le"),
        ("scan.{:07}.DPX", "rgb24", "rgb24"),
        ("scan.{:07}.dpx", "rgba64be", "rgba64be"),
        ("a b_{}.tif", "gray16le", "rgb48le"),
        ("a.b_{}.TIFF", "gray", "rgb24"),
        ("{}.png", "gray", "rgb24"),
        ("{}.png", "rgb48be", "rgb48be"),
    ],
)
def test_frames_keep_names_format_and_luma(tmp_path: Path, weights: Path, name: str, pixels: str, result: str) -> None:
    """To half a code of their depth, by which R'G'B' are rounded; gaps stay gaps, and there is colour."""
    size = Film(width=75, height=49)
    folder = write_frames(tmp_path / "reel", name, NUMBERS, pixels, size)
    before, _, after = name.partition("{")
    source = folder / f"{before}#{after.partition('}')[2]}"
    job = job_for(source, weights)
    report = coloured(job)
    assert (report.suffix, report.frames) == (".frames", 3)
    assert report.notes == ("missing numbers, also in the result: 1000009",)
    assert names_in(job.target) == sorted([*(name.format(number) for number in NUMBERS), "tintd.txt"])
    info = probe_film(source, 100)
    deep = info.coding.at_depth(16)
    for number in NUMBERS:
        original, own = decoded(folder / name.format(number)), decoded(job.target / name.format(number))
        assert own.format.name == result
        coding = info.coding if original.format.name.startswith("gray") else deep
        wanted = coding.luma(luma_codes(original, coding)).numpy()
        found = deep.luma(luma_codes(own, deep)).numpy()
        code = 1 / (2 ** min(own.format.components[0].bits, 16) - 1)
        assert np.abs(found - wanted).max() <= 0.51 * code + 2 / 65535
        rgb = own.reformat(format="rgb24").to_ndarray().astype(int)
        assert np.ptp(rgb, axis=2).mean() > 1
        stamps = (
            (folder / name.format(number)).stat().st_mtime_ns,
            (job.target / name.format(number)).stat().st_mtime_ns,
        )
        assert stamps[0] == stamps[1]


def test_the_sound_lies_beside_the_frames(tmp_path: Path, weights: Path) -> None:
    """As it was; a part of the film has none, and says so."""
    folder = write_frames(tmp_path / "reel", "{:03}.png", range(6), "gray")
    sound = write_wav(tmp_path / "reel.wav", 0.6)
    job = job_for(folder / "#.png", weights, provenance=False)
    assert coloured(job).notes == ()
    assert names_in(job.target) == [*(f"{number:03}.png" for number in range(6)), "reel.wav"]
    assert (job.target / "reel.wav").read_bytes() == sound.read_bytes()
    shutil.rmtree(job.target)
    report = coloured(replace(job, excerpt=Excerpt(0.2, 0.2)))
    assert report.notes == ("the sound reel.wav left out: only a part of the frames was coloured",)
    assert names_in(job.target) == ["002.png", "003.png"]


def test_metadata_of_each_frame_are_kept(tmp_path: Path, weights: Path) -> None:
    """Tags of TIFF, and texts and resolution of PNG: each frame has its own."""
    tiffs = write_frames(tmp_path / "tiffs", "{}.tif", range(2), "gray16le")
    pngs = write_frames(tmp_path / "pngs", "{}.png", range(2), "gray")
    for number in range(2):
        samples = tifffile.imread(tiffs / f"{number}.tif")
        extra = [(33432, 2, 0, "Owner", True), (32781, 2, 0, f"id {number}", True), (274, 3, 1, 8, True)]
        options = {"resolution": (3000, 2000), "resolutionunit": "inch", "software": "Scanner 5", "extratags": extra}
        path = tiffs / f"{number}.tif"
        tifffile.imwrite(path, samples, compression="lzw", description=f"take {number}", metadata=None, **options)
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Description", f"take {number}")
        with Image.open(pngs / f"{number}.png") as picture:
            picture.save(pngs / f"{number}.png", pnginfo=texts, dpi=(600, 600))
    job = job_for(tiffs / "#.tif", weights)
    assert coloured(job).notes == ()
    with tifffile.TiffFile(job.target / "1.tif") as file:
        tags = {tag.name: tag.value for tag in file.pages.first.tags.values()}
    assert (tags["ImageDescription"], tags["Software"], tags["Copyright"]) == ("take 1", "Scanner 5", "Owner")
    assert (tags["XResolution"], tags["YResolution"], tags["ImageID"]) == ((3000, 1), (2000, 1), "id 1")
    assert (tags["Orientation"], b"tintd" in tags["XMP"]) == (8, True)
    shutil.rmtree(job.target)
    assert coloured(replace(job, source=pngs / "#.png")).notes == ()
    with Image.open(job.target / "1.png") as picture:
        assert picture.info["Description"] == "take 1"
        assert round(picture.info["dpi"][0]) == 600


def test_frames_that_are_written_are_kept_after_an_interruption(tmp_path: Path, weights: Path) -> None:
    """The others are written; what was unfinished is gone."""
    folder = write_frames(tmp_path / "reel", "{:03}.png", range(4), "gray")
    job = job_for(folder / "#.png", weights)
    coloured(job)
    kept = next(job.workspace.glob("recipe")).read_text()[:16]
    unfinished = job.target.rename(job.workspace / f"frames-{kept}")
    (unfinished / "003.png").unlink()
    (unfinished / ".unfinished-1.png").write_bytes(b"half")
    inodes = {path.name: path.stat().st_ino for path in unfinished.glob("00*.png")}
    coloured(job)
    assert names_in(job.target) == ["000.png", "001.png", "002.png", "003.png", "tintd.txt"]
    assert {name: (job.target / name).stat().st_ino for name in inodes} == inodes


def test_notes_on_frames_that_are_written_are_kept_after_an_interruption(tmp_path: Path, weights: Path) -> None:
    """The report of the result speaks of all of them."""
    folder = write_frames(tmp_path / "reel", "{}.tif", range(3), "gray16le")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tifffile.imwrite(folder / "1.tif", tifffile.imread(folder / "1.tif"), iccprofile=profile, metadata=None)
    job = job_for(folder / "#.tif", weights)
    notes = coloured(job).notes
    assert notes == ("colour profile left out: the samples are taken for those of sRGB",)
    kept = next(job.workspace.glob("recipe")).read_text()[:16]
    unfinished = job.target.rename(job.workspace / f"frames-{kept}")
    (unfinished / "2.tif").unlink()
    assert coloured(job).notes == notes


def test_damaged_frames_are_named_and_missing(tmp_path: Path, weights: Path) -> None:
    """The result has no frame that its original has not."""
    folder = write_frames(tmp_path / "reel", "{:03}.png", range(5), "gray")
    (folder / "002.png").write_bytes(encoded(".png", "gray", Film(), 2)[:90])
    job = job_for(folder / "#.png", weights, provenance=False)
    assert coloured(job).notes == ("not decoded, and not in the result: 002.png",)
    assert names_in(job.target) == ["000.png", "001.png", "003.png", "004.png"]


def test_a_frame_without_a_usable_header_is_named_and_missing(tmp_path: Path, weights: Path) -> None:
    """Where libav decodes a picture all the same; where no frame has one, that is the reason of the failure."""
    folder = write_frames(tmp_path / "reel", "{}.dpx", range(4), "gbrp10be")
    broken = bytearray((folder / "1.dpx").read_bytes())
    broken[4:8] = (800).to_bytes(4, "big")  # samples that begin inside the header
    (folder / "1.dpx").write_bytes(broken)
    job = job_for(folder / "#.dpx", weights, provenance=False)
    grey = DetectionSettings(input="grey")  # the damaged frame may be taken for one in colour
    job = replace(job, settings=job.settings.model_copy(update={"detection": grey}))
    assert coloured(job).notes == ("not in the result: 1.dpx: the header of this DPX is damaged",)
    assert names_in(job.target) == ["0.dpx", "2.dpx", "3.dpx"]
    for number in (0, 2, 3):
        (folder / f"{number}.dpx").write_bytes(broken)
    shutil.rmtree(job.target)
    with pytest.raises(MediaError, match=r"^0\.dpx: the header of this DPX is damaged"):
        coloured(job)


def test_a_full_disk_is_no_damage_of_a_frame(tmp_path: Path) -> None:
    """Breaks: libvips tells of it in words alone, and the frame is missing in a result that counts as done."""
    folder = write_frames(tmp_path / "reel", "{}.png", range(1), "gray")
    (tmp_path / "0.png.encoded").symlink_to("/dev/full")
    frame = ColouredFrame(folder / "0.png", np.zeros((64, 96, 3), np.float32), None, 8, "")
    with pytest.raises(OSError, match="No space left") as raised:
        write_png_frame(frame, tmp_path / "0.png")
    assert raised.value.errno == errno.ENOSPC


def test_frames_of_another_size_get_that_of_the_first(tmp_path: Path, weights: Path) -> None:
    """Their headers, too; the report names them."""
    folder = write_frames(tmp_path / "reel", "{}.dpx", range(3), "gbrp10be")
    write_frames(folder, "{}.dpx", range(1, 2), "gbrp10be", Film(width=80, height=60))
    job = job_for(folder / "#.dpx", weights)
    assert coloured(job).notes == ("80 x 60 was scaled to the 96 x 64 of the first frame: 1.dpx",)
    assert {(decoded(job.target / f"{number}.dpx").width) for number in range(3)} == {96}


def test_frames_in_colour_are_copies(tmp_path: Path, weights: Path) -> None:
    """Of a film with a scene in colour, that scene's files are those of the original."""
    folder = tmp_path / "reel"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(60):
        samples = np.kron(rng.integers(0, 255, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(samples if number >= 30 else samples[..., :1].repeat(3, 2)).save(folder / f"{number:03}.png")
    job = job_for(folder / "#.png", weights)
    assert "30 of 60 frames were in colour, and kept it" in coloured(job).notes
    same = [
        path.name for path in sorted(folder.iterdir()) if (job.target / path.name).read_bytes() == path.read_bytes()
    ]
    assert same == [f"{number:03}.png" for number in range(30, 60)]


def test_a_sequence_that_changes_meanwhile_is_refused(tmp_path: Path, weights: Path) -> None:
    """Also where it changed before the job began."""
    folder = write_frames(tmp_path / "reel", "{:03}.png", range(3), "gray")
    job = replace(job_for(folder / "#.png", weights), original=state_of(folder / "#.png"))
    (folder / "003.png").write_bytes((folder / "002.png").read_bytes())
    with pytest.raises(ChangedError):
        coloured(job)


def test_grey_frames_get_the_same_colours_as_the_film(tmp_path: Path, weights: Path) -> None:
    """Frames and film are made of the same segments."""
    folder = write_frames(tmp_path / "reel", "{:03}.tif", range(3), "gray16le")
    job = job_for(folder / "#.tif", weights)
    coloured(job)
    film = replace(job, settings=job.settings.model_copy(update={"film": FilmSettings()}), target=tmp_path / "film")
    coloured(film)
    with av.open(str(film.target)) as file:
        for number, frame in enumerate(file.decode(video=0)):
            own = tifffile.imread(job.target / f"{number:03}.tif").astype(float) / 65535
            kr, kb = 0.299, 0.114
            luma = own @ [kr, 1 - kr - kb, kb]
            cb = torch.from_dlpack(frame.planes[1]).to(torch.int64).numpy() / 65535 - 32768 / 65535
            assert np.abs((own[..., 2] - luma) / (2 - 2 * kb) - cb).max() < 1e-3
