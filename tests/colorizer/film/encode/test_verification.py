"""Tests of colorizer/film/encode/verification.py: what is written is compared with what was read."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from colorizer.errors import MediaError
from colorizer.film.decode.probe import probe_film
from colorizer.film.encode import mux
from colorizer.film.encode.verification import ExpectedStream, Written, verify
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured

FRAMES = 20


def silent() -> None:
    """Nobody is told of progress."""


def written(film: Path) -> Written:
    """What a film that `write_film` wrote holds."""
    with av.open(str(film)) as container:
        sounds = sum(packet.size > 0 for packet in container.demux(audio=0))
    stream = ExpectedStream(1, "stream 1 (audio, aac)", "audio", "", "", 0)
    return Written(FRAMES, Fraction(FRAMES, 25), {0: FRAMES, 1: sounds}, 0, (stream,))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Pictures and sound."""
    return write_film(tmp_path / "film.mkv", Film(frames=FRAMES, sounds=("aac",)))


def test_a_whole_result_passes(film: Path) -> None:
    """Nothing is named where nothing differs; each packet is progress, so that a slow disk is no hang."""
    expected, told = written(film), list[None]()
    assert list(verify(film, probe_film(film, 100), expected, lambda: told.append(None))) == []
    assert len(told) >= sum(expected.packets.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda film: replace(film, frames=FRAMES + 1), "20 frames instead of 21"),
        (lambda film: replace(film, end=film.end + 2), "ends at 0.80 s instead of 2.80 s"),
    ],
)
def test_a_picture_that_lacks_frames_is_damage(film: Path, change: Callable[[Written], Written], words: str) -> None:
    """Breaks: a film without its end is published as done."""
    with pytest.raises(MediaError, match=words):
        list(verify(film, probe_film(film, 100), change(written(film)), silent))


def test_an_unreadable_result_is_damage(film: Path) -> None:
    """A result whose header is gone is never published."""
    info, expected = probe_film(film, 100), written(film)
    broken = film.with_name("broken.mkv")
    broken.write_bytes(b"\0" * 2000)
    with pytest.raises(MediaError, match=r"film\.mkv.*cannot be read"):
        list(verify(broken, info, expected, silent))


def test_what_is_missing_is_named(film: Path) -> None:
    """Packets, languages, names, marks and chapters that were written and are not there."""
    whole = written(film)
    stream = replace(whole.streams[0], language="fre", title="Stereo", flags=int(Disposition.comment))
    packets = {**whole.packets, 1: whole.packets[1] + 3}
    expected = replace(whole, packets=packets, chapters=1, streams=(stream, replace(stream, index=7)))
    assert list(verify(film, probe_film(film, 100), expected, silent)) == [
        "stream 1 (audio, aac): 3 of its packets are missing in the result",
        "stream 1 (audio, aac): its language (fre) was left out",
        "stream 1 (audio, aac): its name (Stereo) was left out",
        "stream 1 (audio, aac): no longer marked as a commentary",
        "stream 1 (audio, aac) is missing in the result",
        "1 chapter left out",
    ]


def test_a_muxer_that_loses_frames_fails_the_job(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is part of each job, and ends it."""
    lost = mux._picture_packets  # noqa: SLF001 (a muxer that loses packets can be had nowhere)

    def all_but_one(*arguments: object) -> object:
        packets = lost(*arguments)  # type: ignore[arg-type]
        next(packets)
        yield from packets

    monkeypatch.setattr(mux, "_picture_packets", all_but_one)
    source = write_film(tmp_path / "film.mkv", Film(frames=30))
    with pytest.raises(MediaError, match="29 frames instead of 30"):
        coloured(source, weights)
