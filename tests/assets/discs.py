"""The VIDEO_TS folder of a DVD, with the files that make it one."""

from __future__ import annotations

from pathlib import Path

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


def encrypt(file: Path) -> None:
    """Mark every packet of picture and sound as scrambled, as CSS does."""
    content = bytearray(file.read_bytes())
    for sector in range(0, len(content), 2048):
        if content[sector + 14 : sector + 17] == b"\0\0\1" and content[sector + 17] in {0xBD, 0xE0}:
            content[sector + 20] |= 0x10
    file.write_bytes(content)
