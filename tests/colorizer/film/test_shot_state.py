"""Tests of colorizer/film/shot_state.py."""

import numpy as np
from pydantic import TypeAdapter

from colorizer.film.shot_state import ShotState, pack, unpack


def test_a_state_survives_json() -> None:
    """Colours and weights come back as they were rounded, and packing them again changes nothing."""
    rng = np.random.default_rng(1)
    state = pack(rng.normal(0, 30, (2, 9, 16)).astype(np.float32), rng.random((9, 16)).astype(np.float32))
    form = TypeAdapter(ShotState)
    again = form.validate_json(form.dump_json(state))
    assert again == state
    brought = unpack(again)
    assert brought is not None
    assert pack(*brought) == state


def test_a_shot_begins_with_nothing() -> None:
    """The empty state brings no colours."""
    assert unpack(ShotState()) is None
