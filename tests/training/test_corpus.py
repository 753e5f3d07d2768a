"""Tests of training/corpus.py."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.errors import MediaError
from training.corpus import open_corpus


def test_what_teaches_nothing_is_left_out_with_a_count(photographs: Path, tmp_path: Path) -> None:
    """Grey, tiny and broken pictures, each with its reason; the rest is there with kind and name."""
    corpus = open_corpus(photographs / "train", tmp_path, side=64)
    assert len(corpus) == 24
    assert corpus.rejected == {"grey": 1, "tiny": 1, "broken": 1}
    assert sorted({corpus.kind(index) for index in range(24)}) == ["animal", "people"]
    assert corpus.name(0) == "animal/000.jpg"


def test_pictures_are_decoded_once_and_shrunk(photographs: Path, tmp_path: Path) -> None:
    """To the wanted short side; the second opening reads the cache."""
    corpus = open_corpus(photographs / "train", tmp_path, side=64)
    assert min(corpus.picture(0).shape[:2]) == 64
    [cache] = tmp_path.iterdir()
    before = (cache / "pixels.bin").stat().st_mtime_ns
    again = open_corpus(photographs / "train", tmp_path, side=64)
    assert (cache / "pixels.bin").stat().st_mtime_ns == before
    assert np.array_equal(again.picture(5), corpus.picture(5))


def test_a_picture_in_the_cache_is_the_picture_in_the_file(photographs: Path, tmp_path: Path) -> None:
    """Where nothing is shrunk, pixel for pixel."""
    corpus = open_corpus(photographs / "val", tmp_path, side=500)
    with Image.open(photographs / "val" / corpus.name(3)) as image:
        assert np.array_equal(corpus.picture(3), np.asarray(image))


def test_a_changed_tree_gets_a_new_cache(photographs: Path, tmp_path: Path) -> None:
    """One picture more is one picture more."""
    import shutil  # noqa: PLC0415

    tree = shutil.copytree(photographs / "val", tmp_path / "tree")
    before = len(open_corpus(tree, tmp_path / "cache", side=64))
    shutil.copy(tree / "people" / "000.jpg", tree / "people" / "another.jpg")
    assert len(open_corpus(tree, tmp_path / "cache", side=64)) == before + 1


def test_a_tree_without_photographs_is_refused(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="no usable colour photograph"):
        open_corpus(tmp_path / "empty", tmp_path / "cache", side=64)


def test_the_first_of_each_kind(photographs: Path, tmp_path: Path) -> None:
    """So many of each, or all."""
    corpus = open_corpus(photographs / "val", tmp_path, side=64)
    assert len(corpus.first_of_each_kind(3)) == 6
    assert len(corpus.first_of_each_kind(None)) == 8
