"""Tests of training/data/corpus.py."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.errors import MediaError
from tests.assets.disks import no_file_above
from training.data.corpus import open_corpus


def test_unusable_pictures_are_counted(photographs: Path, tmp_path: Path) -> None:
    """Grey, tiny and broken pictures are left out with a reason; the others have their kind and name."""
    corpus = open_corpus(photographs / "train", tmp_path, side=64)
    assert len(corpus) == 24
    assert corpus.rejected == {"grey": 1, "tiny": 1, "broken": 1}
    assert sorted({corpus.kind(index) for index in range(24)}) == ["animal", "people"]
    assert corpus.name(0) == "animal/000.jpg"


def test_pictures_are_decoded_once_and_shrunk(photographs: Path, tmp_path: Path) -> None:
    """Photographs are shrunk to the given short side; a second opening reads the cache."""
    corpus = open_corpus(photographs / "train", tmp_path, side=64)
    assert min(corpus.picture(0).shape[:2]) == 64
    [cache] = tmp_path.glob("train-*")
    before = (cache / "pixels.bin").stat().st_mtime_ns
    again = open_corpus(photographs / "train", tmp_path, side=64)
    assert (cache / "pixels.bin").stat().st_mtime_ns == before
    assert np.array_equal(again.picture(5), corpus.picture(5))


def test_a_picture_in_the_cache_is_the_picture_in_the_file(photographs: Path, tmp_path: Path) -> None:
    """Pixel for pixel, if nothing is shrunk."""
    corpus = open_corpus(photographs / "val", tmp_path, side=500)
    with Image.open(photographs / "val" / corpus.name(3)) as image:
        assert np.array_equal(corpus.picture(3), np.asarray(image))


def test_a_changed_tree_gets_a_new_cache(photographs: Path, tmp_path: Path) -> None:
    """A new picture is found, and so is another picture of the same size."""
    tree = shutil.copytree(photographs / "val", tmp_path / "tree")
    before = len(open_corpus(tree, tmp_path / "cache", side=64))
    shutil.copy(tree / "people" / "000.jpg", tree / "people" / "another.jpg")
    assert len(open_corpus(tree, tmp_path / "cache", side=64)) == before + 1
    (tree / "people" / "another.jpg").write_bytes(b" " * (tree / "people" / "another.jpg").stat().st_size)
    assert len(open_corpus(tree, tmp_path / "cache", side=64)) == before


def test_a_tree_without_photographs_is_refused(tmp_path: Path) -> None:
    """The message has the reason."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="no usable colour photograph"):
        open_corpus(tmp_path / "empty", tmp_path / "cache", side=64)


def test_some_of_each_kind(photographs: Path, tmp_path: Path) -> None:
    """A number of each kind, evenly spread, or all."""
    corpus = open_corpus(photographs / "val", tmp_path, side=64)
    assert corpus.some_of_each_kind(2) == [0, 2, 4, 6]
    assert corpus.chosen(np.array([7, 0, 6, 1, 5])).some_of_each_kind(2) == [0, 1, 2, 3]
    assert len(corpus.some_of_each_kind(3)) == 6
    assert corpus.some_of_each_kind(9) == corpus.some_of_each_kind(None) == [*range(8)]


def test_photographs_in_no_folder_are_of_one_kind(photographs: Path, tmp_path: Path) -> None:
    """Their kind is the name of the folder."""
    corpus = open_corpus(photographs / "val" / "people", tmp_path, side=64)
    assert corpus.kinds == ["people"]
    assert corpus.labels == ["people"] * 4
    assert corpus.some_of_each_kind(1) == [0]


def test_a_name_of_any_bytes_is_taken(photographs: Path, tmp_path: Path) -> None:
    """Names in old archives may not be UTF-8; photographs and rejected files are listed nevertheless."""
    tree = shutil.copytree(photographs / "val", tmp_path / "tree")
    shutil.copy(tree / "people" / "000.jpg", os.fsencode(tree / "people") + b"/caf\xe9.jpg")
    Path(os.fsdecode(os.fsencode(tree) + b"/\xe9.jpg")).write_bytes(b"")
    corpus = open_corpus(tree, tmp_path / "cache", side=64)
    assert len(corpus) == 9
    assert corpus.rejected == {"broken": 1}
    assert "people/caf\\xe9.jpg" in corpus.names


def test_what_a_killed_build_left_is_cleared_away(photographs: Path, tmp_path: Path) -> None:
    """The next build removes them."""
    (tmp_path / ".tintd-building").mkdir()
    (tmp_path / ".tintd-building" / "pixels.bin").write_bytes(b"half")
    assert len(open_corpus(photographs / "val", tmp_path, side=64)) == 8
    assert sorted(path.name[:4] for path in tmp_path.iterdir()) == [".tin", "val-"]


def test_two_that_build_at_once_do_not_disturb_each_other(photographs: Path, tmp_path: Path) -> None:
    """The second process waits, and uses the first one's cache."""
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(lambda _: open_corpus(photographs / "val", tmp_path, side=64), range(2))
    assert [np.array_equal(one.picture(index), other.picture(index)) for index in range(8)] == [True] * 8
    assert len(list(tmp_path.glob("val-*"))) == 1


def test_where_the_cache_cannot_be_written_nothing_is_left(photographs: Path, tmp_path: Path) -> None:
    """The message names the folder and the setting; with free space, the next build succeeds."""
    with no_file_above(40_000), pytest.raises(MediaError, match=rf"{tmp_path}: .*File too large.*`data.cache`"):
        open_corpus(photographs / "val", tmp_path, side=64)
    assert [path.name for path in tmp_path.iterdir()] == [".tintd-lock"]
    assert len(open_corpus(photographs / "val", tmp_path, side=64)) == 8
