"""Tests of colorizer/film/apply_chroma.py: the chroma of one frame."""

import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame

from colorizer.film.apply_chroma import apply_chroma, mean_beside_chroma, write_chroma
from colorizer.film.decode.frame import Frame, LumaSamples
from colorizer.film.decode.signal import ColourTags, SampleCoding
from colorizer.film.encode.encoder import Encoding
from colorizer.model.chroma import ChromaFit, enlarge, fit_gamut
from colorizer.model.lab import rgb_minus_luma

FULL, LIMITED = 2, 1


def coding(depth: int, levels: int) -> SampleCoding:
    """BT.709 samples."""
    return SampleCoding(depth=depth, tags=ColourTags(matrix=1, primaries=1, transfer=1, range=levels))


def test_a_chroma_sample_lies_beside_the_mean_of_four_luma_samples() -> None:
    """In 4:2:0; at an odd edge the last column counts twice."""
    codes = np.array([[0, 51, 255], [102, 51, 255]], np.uint8)
    assert mean_beside_chroma(codes, Encoding("libx264", "yuv420p")).tolist() == [[51, 255]]


def test_a_line_of_chroma_belongs_to_one_field() -> None:
    """Where the fields are black and white, so are alternate lines of what chroma is made of, and none is grey."""
    codes = np.zeros((8, 4), np.uint8)
    codes[1::2] = 255
    mean = mean_beside_chroma(codes, Encoding("libx264", "yuv420p", interlaced=True))
    assert mean[:, 0].tolist() == [0, 255, 0, 255]


@pytest.mark.parametrize(
    ("pixels", "levels"), [("yuv420p", LIMITED), ("yuv444p", FULL), ("yuv422p10le", LIMITED), ("yuv420p12le", FULL)]
)
def test_chroma_is_that_of_the_fit(pixels: str, levels: int) -> None:
    """Enlarged, at the luma beside it, limited to the gamut and coded: within one code of the same in floats."""
    encoding = Encoding("ffv1", pixels)
    coded = coding(encoding.depth, levels)
    rng = np.random.default_rng(1)
    luma = rng.integers(coded.black, coded.black + coded.luma_span, (12, 20)).repeat(6, 0).repeat(6, 1)
    codes = luma.astype(np.uint8 if encoding.depth == 8 else np.uint16)
    fit = ChromaFit(*(torch.from_numpy(rng.normal(0, 0.2, (1, 2, 9, 16)).astype(np.float32)) for _ in range(2)))
    mean = coded.luma(torch.from_numpy(mean_beside_chroma(codes, encoding)))[None, None]
    expected = coded.chroma_codes(fit_gamut(mean, mean, enlarge(fit, mean), coded.matrix))[0].numpy().astype(int)

    planes = np.zeros(expected.shape, codes.dtype)
    write_chroma(list(planes), codes, fit, coded, encoding)
    assert np.abs(planes - expected).max() <= 1
    assert planes.std() > 1 << (encoding.depth - 4)


def test_chroma_is_in_the_gamut_beside_every_luma_sample_that_shares_it() -> None:
    """Beside a dark and a bright sample, chroma is what both can have."""
    luma = np.full((32, 32), 128, np.uint8)
    luma[::2, ::2], luma[1::2, 1::2] = 20, 240
    fit = ChromaFit(torch.zeros(1, 2, 4, 4), torch.full((1, 2, 4, 4), 0.4))
    planes = [np.zeros((16, 16), np.uint8) for _ in range(2)]
    write_chroma(planes, luma, fit, coding(8, FULL), Encoding("libx264", "yuv420p"))
    chroma = (torch.from_numpy(np.stack(planes)).float() - 128) / 255
    rgb = rgb_minus_luma(chroma, coding(8, FULL).matrix)
    assert (rgb * 255 + 240).max() <= 257
    assert (rgb * 255 + 20).min() >= -2
    assert chroma.abs().max() > 0.02


@pytest.mark.parametrize("shared", [False, True])
def test_a_picture_is_copied_only_if_it_has_another_owner(shared: bool) -> None:  # noqa: FBT001
    """Breaks: each frame of a film is copied whole, or a frame that the decoder still needs is changed."""
    picture = VideoFrame(64, 32, "yuv420p")
    for plane in picture.planes:
        torch.from_dlpack(plane).fill_(128)
    owner = torch.from_dlpack(picture.planes[1]) if shared else None
    before = picture.planes[1].buffer_ptr
    fit = ChromaFit(torch.zeros(1, 2, 4, 8), torch.full((1, 2, 4, 8), 0.1))
    samples = LumaSamples(None, torch.zeros(1, 1, 4, 8))
    coloured = apply_chroma(Frame(picture, 0, 1, samples=samples), fit, coding(8, LIMITED), Encoding("ffv1", "yuv420p"))
    assert (coloured.planes[1].buffer_ptr == before) is not shared
    assert bool((torch.from_dlpack(coloured.planes[1]) > 128).all())
    assert owner is None or bool((owner == 128).all())
