"""Tests of colorizer/film/decode/deviations.py: what the report says of gaps between frames."""

from fractions import Fraction
from pathlib import Path

from colorizer.film.decode.deviations import MISSING, describe_deviations, without_rhythm
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured


def test_a_film_whose_rate_varies_lacks_nothing(tmp_path: Path, weights: Path) -> None:
    """A phone's recording as a transport stream. Breaks: "frames are missing", from its beginning to its end."""
    times = [number * 3000 for number in range(60) if number % 3 == 0 or number % 7 == 0]
    source = write_film(tmp_path / "film.ts", Film(frames=len(times), rate=30, pts=tuple(times)))
    report, _ = coloured(source, weights)
    assert report.frames == len(times)
    assert report.notes == ()


def test_long_gaps_of_a_film_in_milliseconds_are_told(tmp_path: Path, weights: Path) -> None:
    """Breaks: a frame of 41.7 ms counted as 42, and gaps of a second as no whole number of frames."""
    lost = {*range(30, 54), *range(84, 108), *range(138, 162)}
    times = [number * 3750 for number in range(192) if number not in lost]
    source = write_film(tmp_path / "film.mkv", Film(frames=len(times), rate=24, pts=tuple(times)))
    assert coloured(source, weights)[0].notes == ("frames are missing: 1.25 to 2.25 s, 3.50 to 4.50 s, 5.75 to 6.75 s",)


def test_gaps_of_no_whole_number_of_frames_are_the_rhythm_of_a_film() -> None:
    """A camera that waits for light. Breaks: one frame in ten was called missing. One that really is, is told."""
    found = [{MISSING: [(100, 137), (300, 335), (500, 537)]}, {MISSING: [(700, 739), (900, 975)]}]
    told = describe_deviations(without_rhythm(found, 50, Fraction(25)), Fraction(1, 100), Fraction(0))
    assert told == ("frames are missing: 9.00 to 9.75 s",)
    assert without_rhythm(found[1:], 50, Fraction(25)) == found[1:]


def test_a_few_gaps_are_told() -> None:
    """With their places; they are kept from segment to segment."""
    found = [{MISSING: [(100, 200)], "scaled": [(0, 10)]}, {MISSING: [(1000, 1100)]}]
    told = describe_deviations(without_rhythm(found, 100, Fraction(25)), Fraction(1, 100), Fraction(0))
    assert told == ("frames are missing: 1.00 to 2.00 s, 10.00 to 11.00 s", "scaled: 0.00 to 0.10 s")
    told = describe_deviations(without_rhythm(found, 10, Fraction(25)), Fraction(1, 100), Fraction(0))
    assert told == ("scaled: 0.00 to 0.10 s",)
