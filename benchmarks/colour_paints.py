"""More ways in which prints and films were painted, tinted and toned: pictures from which the head learns.

They are for fitting alone (see `colour_head`), beside the kinds of `colour_set`: whoever painted a print followed its
things, in few pigments, weak or strong, exact or not, on a white or a toned print. Makers are as in `colour_set`.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter, shift

from benchmarks.colour_set import Maker, Pixels, Truth, grey, without_colour

_LUMA = np.array([0.299, 0.587, 0.114])
_PIGMENTS = (
    np.array(
        (
            *((205, 80, 90), (235, 170, 140), (240, 190, 160), (110, 160, 215), (70, 110, 180), (100, 150, 70)),
            *((60, 110, 70), (225, 195, 100), (160, 105, 65), (150, 110, 175), (215, 60, 50), (90, 160, 160)),
            *((240, 150, 60), (200, 130, 150), (130, 140, 90), (180, 60, 110)),
        )
    )
    / 255
)
_DYES = (
    np.array(
        (
            *((255, 190, 110), (255, 160, 90), (255, 110, 90), (150, 190, 255), (110, 150, 240), (170, 230, 150)),
            *((255, 170, 190), (200, 160, 230), (250, 225, 130), (140, 220, 220)),
        )
    )
    / 255
)
_SHADES = np.array(((60, 30, 20), (15, 40, 95), (20, 60, 45), (75, 25, 20), (45, 25, 60), (30, 30, 35))) / 255


def watercoloured(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Washes over most things, uneven, with more pigment at their edges; a third has hues of the painter's own."""
    base = _print(photo, rng)
    areas = _areas(photo, int(rng.integers(4, 10)), rng)
    strength, bare, edge = rng.uniform(0.25, 0.8), rng.uniform(0.1, 0.5), rng.uniform(0.3, 3)
    beside = rng.uniform(-0.012, 0.012, 2) * min(areas.shape)
    brush = _strokes(areas.shape, rng)
    for label in range(int(areas.max()) + 1):
        if rng.random() < bare:
            continue
        wash = _soft(areas == label, edge, beside)
        rim = (wash - gaussian_filter(wash, 4)).clip(0, 1)
        amount = (wash * (1 + 0.2 * brush) + rng.uniform(0, 0.8) * rim) * strength * rng.uniform(0.5, 1.3)
        base = _washed(base, amount, _pigment(photo, areas == label, 0.35, rng))
    return base


def touched_up(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Pink on skin, and one or two things in other colours: most portraits that were tinted."""
    base = _print(photo, rng)
    height, width = base.shape[:2]
    y, x = np.mgrid[:height, :width] / min(height, width)
    skin = _skin(photo)
    base = _washed(base, _soft(skin, rng.uniform(0.5, 3)) * rng.uniform(0.1, 0.35), _PIGMENTS[rng.integers(1, 3)])
    places = np.argwhere(skin) if skin.any() else rng.integers(0, min(height, width), (50, 2))
    for place in rng.choice(places, int(rng.integers(1, 5))):
        size = rng.uniform(0.015, 0.07)
        spot = np.exp(-((y - place[0] / min(height, width)) ** 2 + (x - place[1] / min(height, width)) ** 2) / size**2)
        base = _washed(base, spot * rng.uniform(0.2, 0.6), _PIGMENTS[0])
    areas = _areas(photo, int(rng.integers(4, 9)), rng)
    for label in rng.choice(int(areas.max()) + 1, int(rng.integers(1, 4))):
        amount = _soft((areas == label) & ~skin, rng.uniform(0.3, 2.5)) * rng.uniform(0.15, 0.6)
        base = _washed(base, amount, _pigment(photo, areas == label, 0.4, rng))
    return base


def photochrom(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Printed from several stones: each thing has a flat colour, the sky goes from blue to pink, all has a grain."""
    base = np.repeat(np.interp(photo @ _LUMA, (0, 1), (0.08, 0.97))[..., None], 3, axis=2)
    areas = _areas(photo, int(rng.integers(5, 12)), rng)
    strength = rng.uniform(0.3, 0.8)
    for label in range(int(areas.max()) + 1):
        amount = _soft(areas == label, rng.uniform(0.5, 2)) * strength * rng.uniform(0.4, 1.2)
        base = _washed(base, amount, _pigment(photo, areas == label, 0.15, rng))
    low = np.linspace(0, 1, base.shape[0])[:, None]
    sky = _soft((photo @ _LUMA > 0.6) & (low < 0.5), 3)
    base = _washed(base, sky * (0.5 - low).clip(0) * rng.uniform(0, 1.2), _PIGMENTS[3])
    base = _washed(base, sky * low * rng.uniform(0, 0.8), _PIGMENTS[2])
    grain = gaussian_filter(rng.normal(size=base.shape), (0.6, 0.6, 0))
    printed: Pixels = base * (0.99, 0.97, 0.92) + grain * rng.uniform(0, 0.06)
    return printed


def washed_over_tone(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A strongly toned print on which few things are painted, in one pigment or two."""
    base = _toned(photo @ _LUMA, rng)
    areas = _areas(photo, int(rng.integers(3, 7)), rng)
    for label in rng.choice(int(areas.max()) + 1, int(rng.integers(1, 4)), replace=False):
        amount = _soft(areas == label, rng.uniform(0.4, 4)) * rng.uniform(0.25, 0.8)
        base = _washed(base, amount, _pigment(photo, areas == label, 0.4, rng))
    return base


def softly_coloured(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """The colours of the scene on a print, in thin oil or chalk, weak in some hues, without those of small things."""
    base = _print(photo, rng)
    chroma = photo - (photo @ _LUMA)[..., None]
    blur = photo.shape[0] / rng.uniform(25, 120)
    soft = gaussian_filter(chroma, (blur, blur, 0))
    hue = np.arctan2(soft @ np.array((0, 0.7, -0.7)), soft @ np.array((0.8, -0.4, -0.4)))
    favoured = 0.55 + 0.45 * np.cos(hue - rng.uniform(-np.pi, np.pi))
    size = np.linalg.norm(soft, axis=2)
    kept = _soft(size > np.quantile(size, rng.uniform(0.1, 0.7)), rng.uniform(0.5, 3))
    most = rng.uniform(0.08, 0.3)
    wash = soft * (np.minimum(size * rng.uniform(1, 2.5), most) / size.clip(1e-3) * kept * favoured)[..., None]
    coloured: Pixels = base + wash
    return coloured


def split_toned(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Shadows and lights of two hues, as by selenium, gold or two inks, and in tinted stock that was toned."""
    return _toned(photo @ _LUMA, rng)


def patchily_toned(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A tone that goes over into another one from place to place, or into yellow: uneven toning, edges that aged."""
    luma = photo @ _LUMA
    height, width = luma.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    cloud = gaussian_filter(rng.normal(size=luma.shape), rng.uniform(0.08, 0.3) * min(luma.shape), mode="wrap")
    edge = np.maximum(np.abs(x), np.abs(y)) ** rng.uniform(1, 4)
    amount = (edge * rng.uniform(0, 1) + cloud / cloud.std() * rng.uniform(0, 0.35)).clip(0, 1)[..., None]
    one = grey(photo, rng)
    other = one * (1, 0.97, 0.85) if rng.random() < 0.6 else one + 0.4 * (grey(photo, rng) - one)
    mixed: Pixels = one * (1 - amount) + other * amount
    return mixed


def dyed(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Stock in one dye, weak or strong, sometimes uneven: night is blue, fire is red, rooms are amber."""
    dye = 1 - (1 - _DYES[rng.integers(len(_DYES))]) * rng.uniform(0.3, 1.3)
    luma = np.interp(photo @ _LUMA, (0, 1), (rng.uniform(0, 0.15), 1))
    cloud = gaussian_filter(rng.normal(size=luma.shape), 0.15 * min(luma.shape), mode="wrap")
    uneven = 1 + cloud / cloud.std() * rng.uniform(0, 0.05)
    dyed_one: Pixels = luma[..., None] * dye.clip(0.05, 1) ** uneven[..., None]
    return dyed_one


PAINTS: tuple[tuple[Maker, Truth], ...] = (
    *((maker, "colour") for maker in (watercoloured, touched_up, photochrom, washed_over_tone, softly_coloured)),
    *((maker, "grey") for maker in (split_toned, patchily_toned, dyed)),
)
"""Every kind, and what a person takes it for at sight."""


def _print(photo: Pixels, rng: np.random.Generator) -> Pixels:
    return grey(photo, rng) if rng.random() < 0.6 else without_colour(photo)


def _toned(luma: Pixels, rng: np.random.Generator) -> Pixels:
    """A tone of the shadows and one of the lights, of the middle of both or of a third hue."""
    shade, light = _SHADES[rng.integers(len(_SHADES))], _DYES[rng.integers(len(_DYES))]
    white = 1 - (1 - light) * rng.uniform(0, 0.9)
    middle = (shade + white) / 2 * rng.uniform(0.8, 1.1)
    levels = (0, rng.uniform(0.3, 0.6), 1)
    black = shade * rng.uniform(0, 1)
    tone = np.stack([np.interp(luma, levels, band) for band in zip(black, middle, white, strict=True)], axis=-1)
    plain = np.repeat(luma[..., None], 3, axis=2)
    toned: Pixels = plain + (tone - plain) * rng.uniform(0.4, 1)
    return toned


def _areas(photo: Pixels, count: int, rng: np.random.Generator) -> Pixels:
    """Things, roughly: numbers of places that are alike in colour and lie together, (H, W)."""
    height, width = photo.shape[:2]
    small = cv2.resize(gaussian_filter(photo, (3, 3, 0)).astype(np.float32), (width // 4, height // 4))
    y, x = np.mgrid[: small.shape[0], : small.shape[1]] / min(small.shape[:2])
    places = np.concatenate((small * rng.uniform(3, 9), y[..., None], x[..., None]), axis=2).astype(np.float32)
    cv2.setRNGSeed(int(rng.integers(1 << 30)))
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, 8, 0.0)
    unset = np.zeros(0, np.int32)
    _, labels, _ = cv2.kmeans(places.reshape(-1, 5), count, unset, criteria, 1, cv2.KMEANS_PP_CENTERS)
    nearest = labels.reshape(small.shape[:2]).astype(np.uint8)
    fine = np.stack([cv2.resize((nearest == label).astype(np.float32), (width, height)) for label in range(count)])
    areas: Pixels = fine.argmax(axis=0)
    return areas


def _soft(area: Pixels, edge: float, beside: Pixels | None = None) -> Pixels:
    """A mask of an area with soft edges, perhaps a little beside it, 0..1."""
    mask: Pixels = gaussian_filter(area.astype(float), edge)
    return mask if beside is None else shift(mask, beside, order=1)


def _washed(base: Pixels, amount: Pixels, pigment: Pixels) -> Pixels:
    """A print with a transparent pigment on it."""
    washed: Pixels = base * (1 - amount.clip(0, 1)[..., None] * (1 - pigment / pigment.max()))
    return washed


def _pigment(photo: Pixels, area: Pixels, own: float, rng: np.random.Generator) -> Pixels:
    """A pigment for an area: about its colour, or, in a share of cases, one of the painter's own."""
    own_one: Pixels = _PIGMENTS[rng.integers(len(_PIGMENTS))]
    if rng.random() < own or not area.any():
        return own_one
    colour = photo[area].mean(axis=0)
    chroma, all_ = colour - colour @ _LUMA, _PIGMENTS - (_PIGMENTS @ _LUMA)[:, None]
    alike = all_ @ chroma / np.linalg.norm(all_, axis=1) / max(1e-3, float(np.linalg.norm(chroma)))
    nearest: Pixels = _PIGMENTS[np.argmax(alike + rng.uniform(0, 0.3, len(alike)))]
    return nearest


def _skin(photo: Pixels) -> Pixels:
    """Places with the hue of skin, (H, W)."""
    red, green, blue = np.moveaxis(gaussian_filter(photo, (2, 2, 0)), 2, 0)
    skin: Pixels = (red > 0.35) & (red > green * 1.1) & (green > blue) & (red - blue > 0.1) & (red < green * 1.9)
    return skin


def _strokes(size: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    """The strokes of a brush in one direction: noise with deviation 1."""
    along = (1.0, rng.uniform(4, 15))
    noise = gaussian_filter(rng.normal(size=size), along if rng.random() < 0.5 else along[::-1])
    strokes: Pixels = noise / noise.std()
    return strokes
