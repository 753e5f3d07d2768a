"""A small set of colour photographs, for training in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder tree of crops of free photographs, of two kinds, with a train and a validation split."""
    root = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    for kind, picture in (("people", skimage.data.astronaut()), ("animal", skimage.data.cat())):
        for split, number in (("train", 12), ("val", 4)):
            folder = root / split / kind
            folder.mkdir(parents=True)
            for index in range(number):
                top, left = (int(rng.integers(side - 120)) for side in picture.shape[:2])
                Image.fromarray(picture[top : top + 120, left : left + 110]).save(
                    folder / f"{index:03}.jpg", quality=95
                )
    Image.new("L", (100, 100), 90).save(root / "train" / "people" / "grey.png")
    Image.new("RGB", (20, 20), "red").save(root / "train" / "people" / "tiny.png")
    (root / "train" / "people" / "broken.jpg").write_text("no picture")
    return root
