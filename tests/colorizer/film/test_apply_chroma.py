"""Tests of colorizer/film/apply_chroma.py: the chroma of one frame."""

from itertools import count

import pytest
import torch
from torch import Tensor

from colorizer.film import apply_chroma
from colorizer.film.apply_chroma import chroma_codes, luma_beside_chroma
from colorizer.film.decode.frame import LumaSamples
from colorizer.film.decode.signal import ColourTags, SampleCoding
from colorizer.film.encode.encoder import Encoding
from colorizer.model.chroma import ChromaFit

CODING = SampleCoding(depth=8, tags=ColourTags(matrix=1, primaries=1, transfer=1, range=2))


def measured(codes: Tensor, encoding: Encoding) -> LumaSamples:
    """The luma of a frame as colouring needs it."""
    mean, darkest, brightest = luma_beside_chroma(codes, CODING, encoding)
    return LumaSamples(codes, mean, darkest, brightest, small=mean)


def test_a_chroma_sample_shares_four_luma_samples() -> None:
    """In 4:2:0 each chroma sample lies beside the mean, least and greatest of four."""
    codes = torch.tensor([[0, 51, 255], [102, 51, 255]], dtype=torch.uint8)
    mean, darkest, brightest = luma_beside_chroma(codes, CODING, Encoding("libx264", "yuv420p"))
    assert mean.flatten().tolist() == pytest.approx([0.2, 1.0])
    assert darkest.flatten().tolist() == pytest.approx([0.0, 1.0])
    assert brightest.flatten().tolist() == pytest.approx([0.4, 1.0])


def test_a_line_of_chroma_belongs_to_one_field() -> None:
    """Where the fields are black and white, so are alternate lines of what chroma is made of, and none is grey."""
    codes = torch.zeros(8, 4, dtype=torch.uint8)
    codes[1::2] = 255
    mean, _, _ = luma_beside_chroma(codes, CODING, Encoding("libx264", "yuv420p", interlaced=True))
    assert mean[0, 0, :, 0].tolist() == [0, 1, 0, 1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_frame_that_does_not_fit_into_the_devices_memory_gets_its_chroma_on_the_cpu() -> None:
    """Breaks: the card has no memory left for a frame of full size."""
    encoding = Encoding("libx264", "yuv444p")
    codes = torch.randint(0, 256, (4096, 4096), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    luma, fit = measured(codes, encoding), ChromaFit(torch.full((1, 2, 16, 16), 0.1), torch.full((1, 2, 16, 16), 0.05))
    expected = chroma_codes(luma, fit, CODING, encoding)
    torch.cuda.set_per_process_memory_fraction(0.001)
    try:
        found = chroma_codes(luma, ChromaFit(fit.slope.cuda(), fit.offset.cuda()), CODING, encoding)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert torch.equal(found, expected)


def test_memory_that_runs_out_on_the_device_sends_the_frame_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without a GPU: the first attempt finds no memory, the second one runs on the CPU."""
    encoding = Encoding("libx264", "yuv420p")
    luma = measured(torch.full((64, 64), 128, dtype=torch.uint8), encoding)
    fit = ChromaFit(torch.full((1, 2, 4, 4), 0.1), torch.full((1, 2, 4, 4), 0.05))
    expected, enlarge, calls = chroma_codes(luma, fit, CODING, encoding), apply_chroma.enlarge, count()

    def scarce(fit: ChromaFit, luma: Tensor) -> Tensor:
        if next(calls) == 0:
            raise torch.OutOfMemoryError("scarce")
        return enlarge(fit, luma)

    monkeypatch.setattr(apply_chroma, "enlarge", scarce)
    assert torch.equal(chroma_codes(luma, fit, CODING, encoding), expected)
