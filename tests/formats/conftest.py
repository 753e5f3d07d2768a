"""Where the samples of films are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.films import EXTRAS


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the samples, each made when it is asked for."""
    folder = tmp_path_factory.mktemp("samples")
    for name, text in EXTRAS.items():
        (folder / name).write_text(text)
    return folder
