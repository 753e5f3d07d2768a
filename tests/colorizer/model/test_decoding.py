"""Tests of colorizer/model/decoding.py."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from colorizer.model.bins import gamut_bins, soft_encode
from colorizer.model.decoding import LEAST_SQUARES, Decoding, decode, hue_agreement, hue_moments, make_vivid

BINS = gamut_bins()
VIVID = Decoding(vividness=1.0, spread=10.0)


def picture(*colours: tuple[float, float]) -> Tensor:
    """Logits of a picture of columns, each surely of one colour."""
    ab = torch.tensor(colours).float().T.reshape(1, 2, 1, -1).repeat(1, 1, 6, 1).repeat_interleave(6, dim=3)
    return soft_encode(ab, BINS).log()


def picture_mean(colours: list[tuple[float, float]], sure: float) -> Tensor:
    """The mean colours of a picture of columns that are less sure."""
    return decode(picture(*colours) * sure, BINS, LEAST_SQUARES)


def deviation(ab: Tensor) -> Tensor:
    """Standard deviation of the colours of each picture, in ab units."""
    return (ab - ab.mean(dim=(2, 3), keepdim=True)).square().sum(dim=1).mean(dim=(1, 2)).sqrt()


def hue_of(ab: Tensor) -> float:
    """Hue of a colour (2,), in degrees."""
    return float(torch.atan2(ab[1], ab[0]).rad2deg())


def test_a_lower_temperature_goes_to_the_likeliest_colour() -> None:
    """Sharpened, a distribution of two colours gives the likelier; at temperature 1, their mean."""
    logits = torch.full((1, len(BINS), 1, 1), -50.0)
    red, blue = (torch.tensor([50.0, 30.0]) == BINS).all(1), (torch.tensor([20.0, -60.0]) == BINS).all(1)
    logits[0, red], logits[0, blue] = 1.0, 0.0
    mean = decode(logits, BINS, LEAST_SQUARES).flatten()
    sharp = decode(logits, BINS, Decoding(temperature=0.05)).flatten()
    torch.testing.assert_close(sharp, torch.tensor([50.0, 30.0]), atol=0.1, rtol=0)
    assert mean[1] < sharp[1] - 10


def test_vivid_colours_lie_further_apart() -> None:
    """Colours of a picture with several hues lie about as far apart as the spread says."""
    logits = picture((30, -10), (-10, 40), (-20, 20))
    mean, vivid = decode(logits, BINS, LEAST_SQUARES), decode(logits, BINS, VIVID)
    assert 5 < deviation(vivid) - deviation(mean) < 15


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=4), st.floats(0.05, 1))
def test_hue_stays(colours: list[tuple[float, float]], sure: float) -> None:
    """A vivid colour has the hue of the mean, and not the complement of the picture's colour."""
    mean = picture_mean(colours, sure)
    expected = mean.norm(dim=1, keepdim=True)
    vivid = make_vivid(mean, torch.ones_like(mean[:, :1]), expected, spread=10)
    along = (mean * vivid).sum(dim=1)
    torch.testing.assert_close(along, mean.norm(dim=1) * vivid.norm(dim=1), atol=0.1, rtol=1e-3)


def test_colours_change_continuously() -> None:
    """A mean that passes through grey from one hue to its opposite makes no jump: films would flicker there."""
    steps = torch.linspace(-3, 3, 601)
    mean = torch.cat((torch.stack((steps, 0 * steps)), torch.full((2, 600), 15.0)), dim=1)[None, :, None]
    expected = mean.norm(dim=1, keepdim=True).clamp(min=10)
    vivid = make_vivid(mean, torch.ones_like(expected), expected, spread=18)
    assert (vivid[..., 1:601] - vivid[..., :600]).norm(dim=1).max() < 6 * (steps[1] - steps[0])


def test_what_becomes_skin_changes_continuously() -> None:
    """From surely neutral to surely skin there is no jump either."""
    shares = torch.linspace(0, 1, 401)[:, None, None]
    sure, neutral = soft_encode(torch.tensor([20.0, 20.0]).view(1, 2, 1, 1), BINS), (BINS == 0).all(dim=1)
    logits = (shares * sure.view(-1, 1) + (1 - shares) * neutral.float()[:, None] + 1e-9).log()
    vivid = decode(logits.permute(2, 1, 0)[..., None], BINS, VIVID).squeeze()
    assert (vivid[:, 1:] - vivid[:, :-1]).norm(dim=0).max() < 0.5


def test_half_a_vividness_lies_half_way() -> None:
    """Vividness blends from the mean colours to the vivid ones."""
    logits = picture((30, 10), (10, 40), (-20, 20))
    mean, vivid = decode(logits, BINS, LEAST_SQUARES), decode(logits, BINS, VIVID)
    half = decode(logits, BINS, Decoding(vividness=0.5, spread=10.0))
    torch.testing.assert_close(half, (mean + vivid) / 2)


def test_a_picture_of_one_colour_gets_no_cast() -> None:
    """Where all is unsure and a little warm, colours stay as warm on average as the mean is."""
    mean = picture_mean([(12, 14), (14, 12), (10, 18)], 0.2)
    expected = mean.norm(dim=1, keepdim=True)
    vivid = make_vivid(mean, torch.ones_like(mean[:, :1]), expected, spread=10)
    assert (vivid.mean(dim=(2, 3)) - mean.mean(dim=(2, 3))).norm() < 2


def test_what_is_surely_neutral_stays_neutral() -> None:
    """A grey wall beside colours gets neither their colour nor its complement."""
    vivid = decode(picture((0, 0), (40, 30), (45, 35)), BINS, VIVID)
    assert vivid[..., :6].norm(dim=1).max() < 4
    assert decode(picture((0, 0)), BINS, VIVID).norm(dim=1).max() < 1


@given(st.integers(1, 3), st.integers(1, 3), st.floats(-8, 8), st.floats(0, 30))
def test_any_picture_gets_an_answer(height: int, width: int, level: float, spread: float) -> None:
    """One cell, or a picture of one colour: nothing is divided by zero."""
    logits = torch.full((1, len(BINS), height, width), level)
    assert decode(logits, BINS, Decoding(vividness=1.0, spread=spread)).isfinite().all()


def test_a_picture_has_the_same_colours_beside_another() -> None:
    """The spread is a matter of each picture by itself."""
    one, other = picture((30, 10), (10, 40)), picture((-20, 20), (0, 0)) * 0.1
    together = decode(torch.cat((one, other)), BINS, VIVID)
    torch.testing.assert_close(together[:1], decode(one, BINS, VIVID))


def test_a_sure_colour_does_not_glow() -> None:
    """A lawn among neutral things gets at most 1.8 times the chroma that is expected of it."""
    vivid = decode(picture((-20, 20), (0, 0), (0, 0), (0, 0)), BINS, Decoding(vividness=1.0, spread=30.0))
    assert 25 < vivid[..., :6].norm(dim=1).mean() < 1.95 * 28.3


def test_faces_do_not_glow() -> None:
    """Sure skin has the chroma that is expected of it, or a little more, however grey the picture around it is."""
    vivid = decode(picture((20, 20), (0, 0), (0, 0), (0, 0)), BINS, Decoding(vividness=1.0, spread=30.0))
    assert 28 < vivid[..., :6].norm(dim=1).mean() < 1.2 * 28.3


def test_a_picture_full_of_skin_keeps_it() -> None:
    """A portrait whose mean colour is that of the face has a face of the same colour, not a grey one."""
    vivid = decode(picture((20, 20), (21, 18)), BINS, VIVID)
    assert (vivid.norm(dim=1) > 26).all()


def test_skin_among_other_answers_gets_its_hue() -> None:
    """Where skin is likelier than each other colour, the answer has skin's hue, which the mean has not."""
    logits = torch.full((1, len(BINS), 1, 1), -50.0)
    for colour, share in (((20, 20), 0.45), ((-20, 10), 0.3), ((0, 0), 0.25)):
        logits[0, (torch.tensor(colour) == BINS).all(dim=1)] = torch.tensor(share).log()
    mean, vivid = (decode(logits, BINS, decoding).flatten() for decoding in (LEAST_SQUARES, VIVID))
    assert hue_of(mean) > 70
    assert 40 < hue_of(vivid) < 60
    assert vivid.norm() > mean.norm()


def test_what_may_be_blue_or_red_is_not_purple() -> None:
    """Clothes that are blue or red, whose mean is purple, become grey; what is surely blue stays so."""
    logits = torch.full((1, len(BINS), 1, 2), -50.0)
    for colour, share in (((0, -40), 0.4), ((50, 20), 0.3), ((0, 0), 0.3)):
        logits[0, (torch.tensor(colour) == BINS).all(dim=1), :, 0] = torch.tensor(share).log()
    logits[..., 1:] = picture((0, -30))[..., :1, :1]
    mean, vivid = (decode(logits, BINS, decoding)[0, :, 0] for decoding in (LEAST_SQUARES, VIVID))
    assert mean[:, 0].norm() > 15
    assert vivid[:, 0].norm() < 1
    assert vivid[:, 1].norm() > 30


@given(st.lists(st.floats(0, 1), min_size=len(BINS), max_size=len(BINS)))
def test_agreement_is_a_share(chances: list[float]) -> None:
    """Whatever a distribution is, between none and all of its chroma lies near the hue of its mean."""
    probability = (torch.tensor(chances) + 1e-6) / (sum(chances) + 1e-6 * len(BINS))
    values = torch.cat((BINS, BINS.norm(dim=1, keepdim=True), hue_moments(BINS)), dim=1)
    means = (probability @ values)[None, :, None, None]
    assert 0 <= hue_agreement(means[:, :2], means[:, 2:3], means[:, 3:]) <= 1.001


def test_one_hue_agrees_with_itself() -> None:
    """All chroma lies near the hue of the mean if there is one hue, and 0.27 of it if all hues are as likely."""
    one = (torch.tensor([-30.0, 0.0]) == BINS).all(dim=1).float()
    ring = ((BINS.norm(dim=1) > 20) & (BINS.norm(dim=1) < 40)).float()
    for chances, share in ((one, 1.0), (ring, 0.27)):
        values = torch.cat((BINS, BINS.norm(dim=1, keepdim=True), hue_moments(BINS)), dim=1)
        means = (chances / chances.sum() @ values)[None, :, None, None]
        assert abs(hue_agreement(means[:, :2], means[:, 2:3], means[:, 3:]) - share) < 0.03


def test_the_largest_factor_limits_what_grows_out_of_nothing() -> None:
    """Differences far below what can be seen do not become colours."""
    faint = picture((-20, 20), (-20.2, 20))
    vivid = decode(faint, BINS, VIVID)
    assert deviation(vivid) < 5.1 * deviation(decode(faint, BINS, LEAST_SQUARES))
