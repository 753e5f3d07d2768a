"""The VIDEO_TS folder of a DVD, with the files that make it one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageDraw

from tests.assets.films import Film, write_film


def write_disc(folder: Path) -> Path:
    """Write a disc with a title set of two files, whose clocks both begin anew, and a shorter set; returns VIDEO_TS."""
    place = folder / "VIDEO_TS"
    place.mkdir(parents=True)
    for name, frames in (("VTS_01_1", 5), ("VTS_02_0", 3), ("VTS_02_1", 25), ("VTS_02_2", 20)):
        write_film(place / f"{name}.VOB", Film(frames, 352, 288, "mpeg2video", sounds=("ac3",)))
    for name in ("VIDEO_TS.IFO", "VIDEO_TS.BUP", "VTS_02_0.IFO"):
        (place / name).write_bytes(b"DVDVIDEO-VTS".ljust(2048, b"\0"))
    return place


def author_disc(folder: Path, titles: str, films: dict[str, Film], subtitle: str = "") -> Path:
    """Write a disc as dvdauthor does, with a title set of the elements `pgc`; returns VIDEO_TS.

    Args:
        folder: where it becomes a folder of its own.
        titles: the elements, which name films as `{name}`.
        films: films by their name.
        subtitle: a film that gets a subtitle at 0.4 s.

    """
    folder.mkdir()
    files = {}
    for name, film in films.items():
        plain, target = write_film(folder / f"{name}.mkv", film), folder / f"{name}.mpg"
        _run("ffmpeg", "-v", "error", "-i", plain, "-map", 0, "-c", "copy", "-f", "dvd", target)
        files[name] = _with_subtitle(target) if name == subtitle else target
    (folder / "disc.xml").write_text(
        f'<dvdauthor dest="{folder}/disc"><vmgm/><titleset><titles><video format="pal" aspect="16:9"/>'
        '<audio lang="de"/><audio lang="en" content="comments1"/><subpicture lang="fr"/>'
        f"{titles.format(**files)}</titles></titleset></dvdauthor>"
    )
    _run("dvdauthor", "-x", folder / "disc.xml")
    return folder / "disc" / "VIDEO_TS"


def _with_subtitle(film: Path) -> Path:
    picture, target = film.with_suffix(".png"), film.with_suffix(".subtitled.mpg")
    drawn = Image.new("RGBA", (352, 288))
    ImageDraw.Draw(drawn).rectangle((100, 250, 250, 270), "#ff8000")
    drawn.save(picture)
    film.with_suffix(".xml").write_text(
        f'<subpictures format="PAL"><stream><spu start="00:00:00.40" end="00:00:01.00" image="{picture}"/>'
        "</stream></subpictures>"
    )
    with film.open("rb") as source, target.open("wb") as result:
        _run("spumux", "-m", "dvd", film.with_suffix(".xml"), stdin=source, stdout=result)
    return target


def _run(
    *command: object, stdin: int | BinaryIO = subprocess.DEVNULL, stdout: int | BinaryIO = subprocess.DEVNULL
) -> None:
    said = subprocess.run(
        list(map(str, command)),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=os.environ | {"VIDEO_FORMAT": "PAL"},
        check=False,
    )
    assert said.returncode == 0, said.stderr.decode()[-2000:]


def encrypt(file: Path) -> None:
    """Mark every packet of picture and sound as scrambled, as CSS does."""
    content = bytearray(file.read_bytes())
    for sector in range(0, len(content), 2048):
        if content[sector + 14 : sector + 17] == b"\0\0\1" and content[sector + 17] in {0xBD, 0xE0}:
            content[sector + 20] |= 0x10
    file.write_bytes(content)


def subtitle_pack(seconds: float, number: int) -> bytes:
    """A sector with a subtitle of one line, which is shown for a second."""
    pts = round(seconds * 90_000)
    shown = bytes([1, 3, 0x32, 0x10, 4, 0xFF, 0xF0, 5, 0, 0, 0xF, 0, 0, 1, 6, 0, 4, 0, 6, 0xFF])
    picture, ends = b"\0\0\0\0", bytes([0, 90, 0, 8 + len(shown) + 4, 2, 0xFF])
    commands = bytes([0, 0, 0, 8 + len(shown) + 4]) + shown
    content = (4 + len(picture) + len(commands) + len(ends)).to_bytes(2, "big") + b"\0\x08" + picture + commands + ends
    parts = 0x21 | pts >> 29 & 0xE, pts >> 22, pts >> 14 | 1, pts >> 7, pts << 1 | 1
    coded = bytes(part & 0xFF for part in parts)
    payload = bytes([0x80, 0x80, 5]) + coded + bytes([number]) + content
    return _sector(b"\0\0\1\xbd" + len(payload).to_bytes(2, "big") + payload)


def padding(sectors: int) -> bytes:
    """Sectors that say nothing: libav looks at the end of a film too, and finds streams there."""
    return _sector(b"") * sectors


def _sector(packet: bytes) -> bytes:
    room = 2048 - 14 - len(packet) - 6
    head = b"\0\0\1\xba\x44\0\4\0\4\1\0\1\x89\xf8"
    return head + packet + b"\0\0\1\xbe" + room.to_bytes(2, "big") + b"\xff" * room
