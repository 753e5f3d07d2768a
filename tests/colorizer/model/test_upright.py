"""Tests of colorizer/model/upright.py, and of the hash of weights that have a head."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from colorizer.errors import WeightsError
from colorizer.model.predictor import Predictor
from colorizer.model.upright import NEGATIVE, Inversion, UprightHead, join_mirrored, join_views, load_head, save_head
from colorizer.weights_path import FITTED_TO, file_hash, fitted_head, upright_path, weights_hash


@pytest.fixture
def own(weights: Path, tmp_path: Path) -> Path:
    """Weights in a folder of their own."""
    return Path(shutil.copy(weights, tmp_path / "own.safetensors"))


@pytest.fixture
def head() -> UprightHead:
    """A head that has learnt nothing."""
    torch.manual_seed(3)
    return UprightHead().eval()


def test_a_head_is_read_as_it_was_written(own: Path, head: UprightHead) -> None:
    """Its votes are the same but for the rounding to half precision."""
    assert load_head(own) is None
    head.sure[1] = 2.5
    save_head(head, own, {"figures": "none"})
    found = load_head(own)
    assert found is not None
    assert found.sure[1] == 2.5
    features = torch.rand(2, 128, 10, 12), torch.rand(2, 256, 5, 6)
    torch.testing.assert_close(found(*features), head(*features), atol=0.01, rtol=0)


def test_a_head_is_never_used_with_weights_that_it_was_not_fitted_to(own: Path, head: UprightHead) -> None:
    """One changed byte of the weights is enough. The hash of the weights counts the head only if it fits."""
    bare = weights_hash(own)
    assert bare == file_hash(own)
    save_head(head, own, {})
    assert fitted_head(own) == upright_path(own)
    assert weights_hash(own) != bare
    content = own.read_bytes()
    own.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert fitted_head(own) is None
    assert load_head(own) is None
    assert weights_hash(own) == file_hash(own)


def test_another_head_for_the_same_weights_is_another_hash(own: Path, head: UprightHead) -> None:
    """Results tell by it which head there was."""
    save_head(head, own, {})
    before = weights_hash(own)
    head.sure[1] = 3
    save_head(head, own, {})
    assert weights_hash(own) != before


def test_a_damaged_head_is_named(own: Path, head: UprightHead) -> None:
    """The sentence says what to do; the weights are not used without it in silence."""
    path = save_head(head, own, {})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsError, match="upright") as refusal:
        Predictor.load(own, device="cpu")
    assert str(path) in str(refusal.value)


def test_a_head_of_another_version_is_named(own: Path, head: UprightHead) -> None:
    """Earlier heads had no part for negatives. Without its file, the weights work."""
    path = save_head(head, own, {})
    content = load_file(path)
    save_file({name: content[name] for name in content if "negative" not in name}, path, {FITTED_TO: file_hash(own)})
    with pytest.raises(WeightsError, match=r"another version .* fit it again with `tintd upright`, or delete it"):
        Predictor.load(own, device="cpu")
    path.unlink()
    Predictor.load(own, device="cpu")


def test_the_votes_of_mirror_images_and_of_turned_views_are_joined() -> None:
    """A mirror image of a picture on its left lies on its right; a view that is turned further has the later turn."""
    votes = torch.eye(5)
    assert torch.equal(join_mirrored(votes[1], votes[3]), votes[1])
    assert torch.equal(join_mirrored(votes[2], votes[2]), votes[2])
    assert torch.equal(join_mirrored(votes[NEGATIVE], votes[NEGATIVE]), votes[NEGATIVE])
    assert torch.equal(join_views(votes[NEGATIVE].expand(4, 5)), votes[NEGATIVE])
    for turn in range(4):
        views = torch.stack([votes[(turn + further) % 4] for further in range(4)])
        assert torch.equal(join_views(views), votes[turn])


def test_a_head_is_unsure_until_it_was_measured(head: UprightHead) -> None:
    """It suspects nothing, and decides for upright, whatever the votes are."""
    votes = torch.tensor([0.0, 99.0, 0.0, 0.0, 99.0])
    assert not head.suspects_turn(votes)
    assert not head.suspects_negative(votes)
    assert head.decide(votes) == 0
    assert not head.is_negative(votes, -votes)


def test_each_turn_has_its_own_level(head: UprightHead) -> None:
    """Pictures that are upside down are rarer, so more must speak for it."""
    head.sure = torch.tensor([torch.inf, 2.0, 5.0, 2.0, 1.0])
    assert head.decide(torch.tensor([0.0, 3.0, 0.0, 0.0, 0.0])) == 1
    assert head.decide(torch.tensor([0.0, 0.0, 3.0, 0.0, 0.0])) == 0
    assert head.decide(torch.tensor([0.0, 0.0, 6.0, 0.0, 0.0])) == 2
    assert head.decide(torch.tensor([6.0, 0.0, 3.0, 0.0, 0.0])) == 0


def test_what_may_be_a_negative_is_not_turned(head: UprightHead) -> None:
    """A dark sky above light ground speaks for a half turn. A negative is sure where its inverse is none."""
    head.suspected, head.sure = torch.full((5,), 1.0), torch.full((5,), 2.0)
    upside_down = torch.tensor([0.0, 0.0, 3.0, 0.0, -0.5])
    assert head.suspects_turn(upside_down)
    assert not head.suspects_turn(upside_down + torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0]))
    negative, neither = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.5]), torch.zeros(5)
    assert head.suspects_negative(negative)
    assert head.is_negative(negative, -negative)
    assert not head.is_negative(negative, neither)


@given(st.floats(0.2, 1), st.floats(0, 0.5))
def test_the_levels_of_a_scanner_do_not_change_a_positive(contrast: float, black: float) -> None:
    """The lightest tone becomes black and the densest white, and what lies between does not depend on the levels."""
    negative = torch.linspace(0, 1, 101) ** 0.5
    scanned = negative * contrast + black
    positive = Inversion.of(scanned).positive(scanned)
    assert torch.allclose(positive, Inversion.of(negative).positive(negative), atol=1e-3)
    assert (positive[0], positive[-1]) == (1, 0)
    assert bool((positive.diff() <= 0).all())


def test_the_positive_of_a_film_is_as_dark_as_a_photograph() -> None:
    """A film holds the logarithm of the light: without an exponent, its positive would be much too light."""
    scene = torch.linspace(0.1, 0.9, 101)
    film = (scene / 0.1) ** -0.6  # the light that passes, on a screen
    inversion = Inversion.of(film)
    positive, plain = inversion.positive(film), replace(inversion, exponent=1.0).positive(film)
    assert float((positive - scene).abs().mean()) < 0.6 * float((plain - scene).abs().mean())
    paper = 1 - torch.linspace(0, 1, 101) ** 1.5
    assert Inversion.of(paper).exponent == 1


def test_a_plain_negative_has_a_positive() -> None:
    """Of one tone, nothing is divided by zero."""
    plain = torch.full((1, 1, 4, 4), 0.5)
    assert bool(Inversion.of(plain).positive(plain).isfinite().all())
