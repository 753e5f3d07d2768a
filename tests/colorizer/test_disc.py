"""Tests of colorizer/disc.py."""

from pathlib import Path

from colorizer.disc import is_disc, title_sets


def test_a_disc_is_a_folder_with_titles(tmp_path: Path) -> None:
    """Menus are no titles, and a folder without titles is a folder."""
    place = tmp_path / "VIDEO_TS"
    place.mkdir()
    for name in ("VIDEO_TS.VOB", "VTS_01_0.VOB", "VTS_01_0.IFO"):
        (place / name).write_bytes(b"x")
    assert not is_disc(place)
    for name in ("vts_01_2.vob", "VTS_01_1.VOB", "VTS_11_1.VOB"):
        (place / name).write_bytes(b"x")
    assert is_disc(place)
    found = {number: [file.name for file in files] for number, files in title_sets(place).items()}
    assert found == {1: ["VTS_01_1.VOB", "vts_01_2.vob"], 11: ["VTS_11_1.VOB"]}
    assert not is_disc(place.rename(tmp_path / "elsewhere"))
