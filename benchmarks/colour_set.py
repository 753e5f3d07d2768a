"""Pictures whose kind is known, made from photographs in colour: what old originals look like in scans and captures.

Each maker takes a photograph (R'G'B', float 0..1, (H, W, 3)) and a generator of random numbers, and returns a picture
of the same layout.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, rotate, shift

Pixels = NDArray[Any]
Maker = Callable[[Pixels, np.random.Generator], Pixels]
Truth = Literal["grey", "colour", "in doubt"]

_LUMA = np.array([0.299, 0.587, 0.114])
_MOUNTS = ((60, 80, 60), (190, 155, 110), (110, 30, 35), (30, 45, 80), (225, 210, 170), (130, 95, 60), (45, 40, 38))
_PATCHES = ((115, 82, 68), (98, 122, 157), (87, 108, 67), (103, 189, 170), (214, 126, 44), (80, 91, 166), (193, 90, 99))
_PIGMENTS = (
    *((200, 70, 80), (225, 160, 120), (90, 150, 210), (90, 140, 60), (220, 190, 90), (150, 90, 50), (150, 110, 180)),
    *((200, 40, 40), (50, 80, 170), (50, 120, 90), (225, 130, 50)),
)
_KEPT = ((0.35, 0.95, 0.8), (0.6, 0.9, 0.35), (0.9, 0.5, 0.4), (0.45, 0.8, 0.6), (0.7, 0.7, 0.7))
"""Shares of density that the dyes cyan, magenta and yellow keep."""
_INKS = ((40, 60, 150), (170, 30, 40), (70, 40, 120), (240, 130, 30))


def grey(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Black and white, with one of the tones of prints and papers, more or less strong."""
    luma = photo @ _LUMA
    tones = (
        ((0, 0, 0), (128, 128, 128), (255, 255, 255)),
        ((20, 10, 5), (150, 115, 75), (255, 240, 210)),
        ((5, 25, 70), (65, 115, 165), (235, 242, 245)),
        ((25, 12, 25), (125, 105, 115), (250, 246, 242)),
        ((15, 20, 45), (130, 125, 120), (255, 235, 200)),
        ((40, 30, 30), (140, 125, 105), (235, 225, 190)),
    )
    tone = np.array(tones[rng.integers(len(tones))]) / 255
    toned = np.stack([np.interp(luma, (0, 0.5, 1), channel) for channel in tone.T], axis=-1)
    plain = np.repeat(luma[..., None], 3, axis=2)
    return plain + (toned - plain) * rng.uniform(0.3, 1)


def mount(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Glued on card or an album's page, with grain and uneven light, sometimes with the print's white border."""
    inside = _bordered(grey(photo, rng), rng) if rng.random() < 0.5 else grey(photo, rng)
    return _mounted(inside, rng)


def tilted_mount(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """The same, a degree or two from straight."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    edge = int(0.15 * min(height, width))
    page = _page((height + 2 * edge, width + 2 * edge), rng)
    angle = rng.uniform(-2.5, 2.5)
    layer = np.zeros((*page.shape[:2], 4))
    layer[edge : edge + height, edge : edge + width, :3] = inside
    layer[edge : edge + height, edge : edge + width, 3] = 1
    turned = rotate(layer, angle, reshape=False, order=1)
    alpha = turned[..., 3:].clip(0, 1)
    return page * (1 - alpha) + turned[..., :3]


def album_edge(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A strip of an album's page, of the table or of a book's cover along one or two sides."""
    inside = _bordered(grey(photo, rng), rng) if rng.random() < 0.5 else grey(photo, rng)
    height, width = inside.shape[:2]
    page = _page((height, width), rng)
    for side in rng.choice(4, rng.integers(1, 3), replace=False):
        depth = int(rng.uniform(0.015, 0.12) * min(height, width))
        turned, paper = np.rot90(inside, side), np.rot90(page, side)
        turned[:depth] = paper[:depth]
    return inside


def colour_target(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A scale of colours and greys beside the picture, along the bottom or one side."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    depth = int(rng.uniform(0.06, 0.16) * height)
    strip = np.full((depth, width, 3), rng.uniform(0.75, 0.95))
    count = int(rng.integers(8, 20))
    step, gap = width / count, max(1, depth // 5)
    for number in range(count):
        grey_one = np.full(3, rng.uniform(0.05, 0.95))
        coloured = np.array(_PATCHES[number % len(_PATCHES)]) / 255 * rng.uniform(0.7, 1.2)
        patch = grey_one if number > 0.75 * count else coloured
        strip[gap:-gap, int(number * step) + 1 : int((number + 1) * step) - 1] = np.clip(patch, 0, 1)
    both = np.concatenate((inside, strip))
    return np.ascontiguousarray(np.rot90(both)) if rng.random() < 0.3 else both


def tape(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Yellowed tape across corners or the edge."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    y, x = np.mgrid[:height, :width] / min(height, width)
    for _ in range(rng.integers(1, 4)):
        corner = rng.integers(0, 2, 2) * (height, width) / min(height, width)
        angle = rng.uniform(0, np.pi)
        along = (x - corner[1]) * np.cos(angle) + (y - corner[0]) * np.sin(angle)
        across = (y - corner[0]) * np.cos(angle) - (x - corner[1]) * np.sin(angle)
        on = (np.abs(across) < 0.04) & (np.abs(along) < 0.2)
        inside[on] = inside[on] * (0.95, 0.8, 0.5) * 0.85 + np.array((0.13, 0.09, 0.02))
    return inside


def silvering(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Silver mirrors in the shadows towards the edges: blue, with little texture."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    edge = np.maximum(np.abs(x), np.abs(y)) ** rng.uniform(2, 5)
    cloud = _cloud((height, width), 0.08, rng)
    amount = (edge * (0.7 + 0.5 * cloud)).clip(0, 1) * (1 - (inside @ _LUMA) ** 2)
    return inside + amount[..., None] * np.array((-0.05, 0.05, 0.25)) * rng.uniform(0.5, 1.3)


def faint_rings(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Newton's rings of the glass of a scanner: weak rainbows."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    y, x = np.mgrid[:height, :width] / min(height, width)
    centre = rng.uniform(0.2, 0.9, 2)
    square = (y - centre[0]) ** 2 + (x - centre[1]) ** 2
    phase = square * rng.uniform(200, 900)
    near = np.exp(-square / rng.uniform(0.02, 0.15))[..., None]
    return inside + near * 0.06 * np.cos(phase[..., None] * (1.0, 1.15, 1.35))


def fringes(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Three lines of a scanner's sensor, or a lens, that do not meet: red and green at every edge."""
    inside = grey(photo, rng)
    down, across = rng.uniform(-0.7, 0.7, 2)
    shifted = [_shift(inside[..., band], down * (band - 1), across * (band - 1)) for band in range(3)]
    return np.stack(shifted, axis=-1)


def uneven_light(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Photographed on a table: lamp from one side, window from the other, noise in each channel."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    slope = (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1))[..., None]
    light = 1 + slope * np.array((0.08, 0.0, -0.12)) * rng.uniform(0.3, 1)
    return inside * light + rng.normal(0, rng.uniform(1, 7) / 255, inside.shape)


def chroma_noise(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Blotches of a telephone's or a scanner's noise, coarser than a pixel."""
    inside = grey(photo, rng)
    noise = np.stack([_cloud(inside.shape[:2], 0.006, rng) for _ in range(3)], axis=-1)
    return inside + (noise - noise.mean(axis=2, keepdims=True)) * rng.uniform(1, 4) / 255


def moire(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A printed halftone under a camera: a weak lattice of two colours."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    y, x = np.mgrid[:height, :width]
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(4, 14)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / pitch)[..., None]
    return inside + wave * np.array((0.03, -0.02, 0.02)) * rng.uniform(0.4, 1.2)


def writing(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A line in ink, a stamp, or the date of a camera."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    ink = np.array(_INKS[rng.integers(len(_INKS))]) / 255
    top, left = int(rng.uniform(0.75, 0.92) * height), int(rng.uniform(0.05, 0.5) * width)
    length, size = int(rng.uniform(0.2, 0.45) * width), max(3, height // 25)
    strokes = gaussian_filter(rng.random((size, length)), 1.0) > 0.5
    area = inside[top : top + size, left : left + length]
    area[strokes[: area.shape[0], : area.shape[1]]] = ink
    return inside


def foxing(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Small rust-brown spots."""
    inside = grey(photo, rng)
    height, width = inside.shape[:2]
    y, x = np.mgrid[:height, :width] / min(height, width)
    for _ in range(rng.integers(5, 30)):
        centre, size = rng.uniform(0, 1, 2) * (height, width) / min(height, width), rng.uniform(0.004, 0.015)
        spot = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / size**2)[..., None]
        inside = inside * (1 - spot * np.array((0.1, 0.3, 0.5)))
    return inside


def as_it_is(photo: Pixels, _rng: np.random.Generator) -> Pixels:
    """In colour."""
    return photo


def faded(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A print that lost most of one dye: magenta, yellow or cyan, with less contrast."""
    plain = (photo @ _LUMA)[..., None]
    washed = plain + (photo - plain) * rng.uniform(0.45, 0.8)
    low, high = rng.uniform(0.02, 0.2, 3), rng.uniform(0.7, 1, 3)
    return low + (high - low) * washed


def pale(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Colours that are nearly washed out."""
    plain = (photo @ _LUMA)[..., None]
    return plain + (photo - plain) * rng.uniform(0.3, 0.5)


def hand_tinted(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Black and white, on which soft transparent colours lie where the scene had some."""
    base = grey(photo, rng)
    chroma = photo - (photo @ _LUMA)[..., None]
    soft = gaussian_filter(chroma, (photo.shape[0] / 60, photo.shape[1] / 60, 0))
    size = np.linalg.norm(soft, axis=2, keepdims=True)
    strong = size > np.quantile(size, rng.uniform(0.4, 0.7))
    wash = np.where(strong, soft / size.clip(1e-3) * size.clip(0.06, 0.2), 0)
    return base + gaussian_filter(wash, (1.5, 1.5, 0)) * rng.uniform(0.7, 1.2)


def oil_tinted(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """The same with thin washes of oil colour, weak or strong, soft or sharp."""
    base = grey(photo, rng)
    soft, size = _soft_chroma(photo, rng.uniform(30, 100))
    least, most = rng.uniform(0.04, 0.08), rng.uniform(0.1, 0.25)
    strong = size > np.quantile(size, rng.uniform(0.3, 0.8))
    edge = rng.uniform(0.5, 3)
    wash = gaussian_filter(np.where(strong, soft / size.clip(1e-3) * size.clip(least, most), 0), (edge, edge, 0))
    tinted: Pixels = base + wash * rng.uniform(0.7, 1.2)
    return tinted


def painted(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A few flat pigments in areas that had about their hue, printed or painted a little beside the edges."""
    base = grey(photo, rng) if rng.random() < 0.5 else without_colour(photo)
    soft, size = _soft_chroma(photo, rng.uniform(50, 120))
    strong = (size > np.quantile(size, rng.uniform(0.3, 0.6)))[..., 0] & (size[..., 0] > 0.02)
    hues = _hues(soft)
    counts, edges = np.histogram(hues[strong], bins=12, range=(-np.pi, np.pi))
    beside = rng.uniform(-0.01, 0.01, 2) * min(hues.shape)
    most = int(rng.integers(2, 5))
    for place in np.argsort(counts)[::-1][:most]:
        if counts[place] < 0.01 * hues.size:
            break
        hue = edges[place] + np.pi / 12
        near = strong & (_angles(hues, hue) < np.pi / 6 * rng.uniform(0.8, 1.2))
        area = shift(gaussian_filter(near.astype(float), rng.uniform(0.5, 2.5)), beside, order=1)
        amount = area * rng.uniform(0.2, 0.7) * (1 + 0.15 * _cloud(hues.shape, 0.05, rng))
        pigments = np.array(_PIGMENTS) / 255
        pigment = pigments[np.argmin(_angles(_hues(pigments), hue) + rng.uniform(0, 0.3, len(pigments)))]
        base = base * (1 - amount.clip(0, 1)[..., None] * (1 - pigment / pigment.max()))
    return base


def autochrome(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Grains of starch in three colours, warm and dark."""
    plain = (photo @ _LUMA)[..., None]
    muted = plain + (photo - plain) * rng.uniform(0.5, 0.8)
    return muted**1.2 * (0.95, 0.88, 0.72) + rng.normal(0, 0.07, photo.shape)


def coloured_print_on_mount(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A print in colour on a page."""
    inside = faded(photo, rng)
    height, width = inside.shape[:2]
    edge = int(rng.uniform(0.05, 0.25) * min(height, width))
    page = _page((height + 2 * edge, width + 2 * edge), rng)
    page[edge : edge + height, edge : edge + width] = inside
    return page


def dyes_faded(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Dyes that lost density, each at its own pace: magenta, yellow, red or green prints on yellowed paper."""
    kept = 1 - (1 - np.array(_KEPT[rng.integers(len(_KEPT))])) * rng.uniform(0.4, 1)
    density = -np.log10(photo.clip(0.03, 1) ** 2.2) * kept
    paper = rng.uniform(0, 0.12, 3) + np.array((0.0, 0.03, 0.12)) * rng.uniform(0, 1.5)
    side_absorptions = np.array(((1, 0.12, 0.03), (0.08, 1, 0.1), (0.02, 0.1, 1)))
    seen: Pixels = 10 ** -((density @ side_absorptions + paper) / 2.2)
    return seen


def faded_print_on_mount(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Such a print on a page, sometimes with its white border."""
    return _on_page(dyes_faded(photo, rng), rng)


def tinted_print_on_mount(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A tinted print on a page, sometimes with its white border."""
    makers = (painted, oil_tinted, hand_tinted)
    return _on_page(makers[rng.integers(len(makers))](photo, rng), rng)


def one_object(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Black and white but for one object: left in colour, tinted by hand, or a stain."""
    base = grey(photo, rng)
    height, width = base.shape[:2]
    y, x = np.mgrid[:height, :width] / min(height, width)
    centre, size = rng.uniform(0.2, 0.8, 2) * (height, width) / min(height, width), rng.uniform(0.06, 0.2)
    inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < size**2
    colour = rng.uniform(0.2, 1, 3)
    base[inside] = base[inside] * 0.4 + 0.6 * colour * (base[inside] @ _LUMA)[:, None] * 1.6
    return base


def stain(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Water, coffee or rust over a good part of a print."""
    base = grey(photo, rng)
    cloud = _cloud(base.shape[:2], rng.uniform(0.1, 0.25), rng)
    amount = ((cloud - rng.uniform(0.2, 1)) * 3).clip(0, 1)[..., None] * rng.uniform(0.4, 1)
    return base * (1 - amount * np.array((0.1, 0.25, 0.5)))


def without_colour(photo: Pixels) -> Pixels:
    """A photograph in black and white."""
    return np.repeat((photo @ _LUMA)[..., None], 3, axis=2)


MAKERS: tuple[tuple[Maker, Truth], ...] = (
    *((maker, "grey") for maker in (grey, mount, tilted_mount, album_edge, colour_target, tape, silvering)),
    *((maker, "grey") for maker in (faint_rings, fringes, uneven_light, chroma_noise, moire, writing, foxing)),
    *((maker, "colour") for maker in (as_it_is, faded, pale, hand_tinted, autochrome, coloured_print_on_mount)),
    *((maker, "colour") for maker in (oil_tinted, painted, dyes_faded, faded_print_on_mount, tinted_print_on_mount)),
    *((maker, "in doubt") for maker in (one_object, stain)),
)
"""Every kind, and what a person takes it for at sight."""


def make(maker: Maker, photo: Pixels, seed: int) -> NDArray[np.uint8]:
    """Make a picture of a kind, compressed as JPEG as most scans are."""
    rng = np.random.default_rng(seed)
    samples = np.rint(maker(photo, rng).clip(0, 1) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "JPEG", quality=int(rng.integers(60, 96)))
    return np.asarray(Image.open(file))


def _on_page(picture: Pixels, rng: np.random.Generator) -> Pixels:
    return _mounted(_bordered(picture, rng) if rng.random() < 0.5 else picture, rng)


def _mounted(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """On a page that is wider, differently at each side."""
    height, width = picture.shape[:2]
    top, bottom, left, right = (int(share * min(height, width)) for share in rng.uniform(0.04, 0.3, 4))
    page = _page((height + top + bottom, width + left + right), rng)
    page[top : top + height, left : left + width] = picture
    return page


def _page(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Card of one colour, with fibres and a gradient of light."""
    height, width = size
    colour = np.array(_MOUNTS[rng.integers(len(_MOUNTS))]) / 255 * rng.uniform(0.8, 1.1)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 1 + 0.08 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1))
    fibres = rng.normal(0, rng.uniform(0.002, 0.03), size)
    page: Pixels = colour * (light + fibres)[..., None]
    return page


def _bordered(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """With the white, or yellowed, border of a print."""
    edge = int(rng.uniform(0.02, 0.06) * min(picture.shape[:2]))
    white = np.array((0.95, 0.93, 0.88)) * rng.uniform(0.9, 1)
    wide = np.pad(picture, ((edge, edge), (edge, edge), (0, 0)), constant_values=1)
    wide[:edge], wide[-edge:], wide[:, :edge], wide[:, -edge:] = (white,) * 4
    return wide


def _soft_chroma(photo: Pixels, cells: float) -> tuple[Pixels, Pixels]:
    """The chroma of a photograph without detail, and its strength, (H, W, 1)."""
    blur = photo.shape[0] / cells
    soft = gaussian_filter(photo - (photo @ _LUMA)[..., None], (blur, blur, 0))
    return soft, np.linalg.norm(soft, axis=2, keepdims=True)


def _hues(colours: Pixels) -> Pixels:
    """The angle of the chroma of colours (..., 3)."""
    hues: Pixels = np.arctan2(colours @ np.array((0, 0.7, -0.7)), colours @ np.array((0.8, -0.4, -0.4)))
    return hues


def _angles(hues: Pixels, hue: float) -> Pixels:
    """Distances between hues and one hue, 0..pi."""
    return np.abs(np.angle(np.exp(1j * (hues - hue))))


def _cloud(size: tuple[int, int], share: float, rng: np.random.Generator) -> Pixels:
    """Smooth noise with deviation 1; `share` is the size of its blotches as a share of the short side."""
    noise = gaussian_filter(rng.normal(size=size), share * min(size), mode="wrap")
    cloud: Pixels = noise / noise.std()
    return cloud


def _shift(plane: Pixels, down: float, across: float) -> Pixels:
    spectrum = np.fft.fft2(plane)
    phase = np.exp(
        -2j * np.pi * np.add.outer(np.fft.fftfreq(plane.shape[0]) * down, np.fft.fftfreq(plane.shape[1]) * across)
    )
    shifted: Pixels = np.fft.ifft2(spectrum * phase).real
    return shifted
