"""The report of an evaluation: figures as JSON, CSV and HTML, and a sheet of pictures chosen by a seed, not by eye."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor

from training.data.corpus import Corpus, describe_rejected
from training.measure.evaluation import (
    COMPARISONS,
    MEANINGS,
    METRICS,
    Recolourer,
    Row,
    Summary,
    as_record,
    finite,
    summarise,
)
from training.measure.recolour import to_tensor

SHEET = 60
"""Number of pictures on the sheet."""
_SEED = 20
_WIDE = 400
"""Width in characters in which any table fits; longer names of kinds are cut."""
_LONGEST, _TALL = 8000, 256
"""Largest width and height of a row of pictures, in pixels: a JPEG has at most 65,500."""
_ANSWERS = ("grey", "default", "truth")
"""The answers on the sheet, from left to right."""
_SHOWN = (
    "squared_error",
    "part_of_grey",
    "psnr",
    "ssim",
    "ciede2000",
    "ciede2000_95",
    "auc",
    "auc_rebalanced",
    "colourfulness",
    "colourfulness_part",
    "coloured_part",
    "cast_a",
    "cast_b",
    "neutral_coloured",
    "hue_error",
    "skin_found",
    "skin_hue_error",
    "frechet",
)

_PAGE = jinja2.Template(
    """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark }
body { font: 15px sans-serif; margin: 2em; max-width: 80em; overflow-wrap: anywhere }
table { border-collapse: collapse; margin-bottom: 2em; display: block; overflow-x: auto; overflow-wrap: normal }
th, td { padding: .2em .7em; text-align: right } th:first-child, td:first-child { text-align: left }
thead th { border-bottom: 1px solid }
dt { font-weight: bold } dd { margin-bottom: .3em }
figure { display: inline-block; margin: 0 1em 1em 0 } figcaption { font-size: 80% }
img { max-width: 100%; max-height: 140px }
</style>
<h1>{{ title }}</h1>
<p>{{ origin }}</p>
{% for answer, kinds in summary.items() %}
<h2>{{ answer }}</h2>
<table><thead><tr><th>kind</th><th>pictures</th>{% for name in metrics %}<th>{{ name }}</th>{% endfor %}</tr></thead>
{% for kind, figures in kinds.items() %}
<tr><td>{{ kind }}</td><td>{{ figures.pictures }}</td>
{% for name in metrics %}<td>{{ format(figures[name]) }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endfor %}
<h2>Meaning of the figures</h2>
<dl>{% for name in metrics %}<dt>{{ name }}</dt><dd>{{ meanings[name] }}</dd>{% endfor %}</dl>
<h2>{{ sheet | length }} pictures, chosen by a seed: {{ answers | join(", ") }}</h2>
{% for name, picture in sheet %}
<figure><img src="data:image/jpeg;base64,{{ picture }}" alt=""><figcaption>{{ name }}</figcaption></figure>
{% endfor %}
</html>
""",
    autoescape=True,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a report's figures."""

    weights: str
    """SHA-256 of the weights file."""
    working_size: int
    vividness: float | None
    """Vividness of the default answer; None for weights that have one answer."""
    pictures: int
    """Number of measured photographs."""
    usable: int
    """Number of usable photographs."""
    left_out: dict[str, int]
    """Number of photographs that were not usable, by reason."""

    def __str__(self) -> str:
        vividness = "" if self.vividness is None else f", vividness {self.vividness:g}"
        return (
            f"{self.pictures} of {self.usable} usable photographs (left out: {describe_rejected(self.left_out)}) at "
            f"working size {self.working_size}{vividness}, with the weights whose SHA-256 is {self.weights}"
        )


def write_report(
    rows: list[Row], recolourer: Recolourer, corpus: Corpus, title: str, folder: Path
) -> tuple[Summary, Origin]:
    """Write `report.json`, `report.csv`, `report.html` and `sheet.jpg` into a folder, and return their content."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = summarise(rows)
    origin = _origin(rows, recolourer, corpus)
    (folder / "report.json").write_text(_as_json(summary, origin), encoding="utf-8")
    with (folder / "report.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["kind", "picture", "answer", *METRICS])
        writer.writeheader()
        writer.writerows(as_record(row) for row in rows)
    strips = [(corpus.name(index), _strip(corpus, index, recolourer)) for index in chosen_by_seed(len(corpus))]
    _write_sheet([strip for _, strip in strips], folder / "sheet.jpg")
    page = _PAGE.render(
        title=title,
        origin=origin,
        summary=summary,
        metrics=_known(summary, [*COMPARISONS, *METRICS]),
        meanings=MEANINGS,
        format=_format_figure,
        answers=_ANSWERS,
        sheet=[(name, _encoded(strip)) for name, strip in strips],
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    return summary, origin


def print_summary(summary: Summary) -> None:
    """Print the figures, as wide as they are."""
    for answer, kinds in summary.items():
        names = _known(summary, _SHOWN)
        table = Table("", *names, title=answer, title_justify="left", box=None)
        for kind, figures in kinds.items():
            table.add_row(Text(kind), *(_format_figure(figures[name]) for name in names))
        Console(width=Console(width=_WIDE).measure(table).maximum).print(table)


def chosen_by_seed(size: int) -> list[int]:
    """Indices of the pictures that are shown."""
    chosen = np.random.default_rng(_SEED).choice(size, min(size, SHEET), replace=False)
    return sorted(int(index) for index in chosen)


def _origin(rows: list[Row], recolourer: Recolourer, corpus: Corpus) -> Origin:
    card = recolourer.card
    return Origin(
        weights=recolourer.weights,
        working_size=card.working_size,
        vividness=None if card.calibration is None else card.calibration.vividness,
        pictures=sum(row.answer == "truth" for row in rows),
        usable=len(corpus),
        left_out=corpus.rejected,
    )


def _as_json(summary: Summary, origin: Origin) -> str:
    """The figures by answer, kind and name, null if not finite, and their origin."""
    figures = {
        answer: {kind: {name: finite(figure) for name, figure in by_name.items()} for kind, by_name in kinds.items()}
        for answer, kinds in summary.items()
    }
    return json.dumps({"provenance": asdict(origin), **figures}, indent=2, allow_nan=False)


def _known(summary: Summary, names: Sequence[str]) -> list[str]:
    """Names of the figures that are known for some kind."""
    groups = [figures for kinds in summary.values() for figures in kinds.values()]
    return [name for name in names if not all(math.isnan(figures[name]) for figures in groups)]


def _format_figure(figure: float) -> str:
    return f"{figure:.4g}" if math.isfinite(figure) else "-"


def _strip(corpus: Corpus, index: int, recolourer: Recolourer) -> Image.Image:
    """The shown answers of one picture, side by side."""
    picture = corpus.picture(index)
    answers = {answer.name: answer.rgb for answer in recolourer.answers(picture)} | {"truth": to_tensor(picture)}
    images = [_image(answers[name]) for name in _ANSWERS]
    strip = Image.new("RGB", (sum(image.width for image in images), images[0].height))
    for place, image in enumerate(images):
        strip.paste(image, (place * image.width, 0))
    strip.thumbnail((_LONGEST, _TALL))
    return strip


def _write_sheet(strips: Sequence[Image.Image], path: Path, height: int = 128, columns: int = 4) -> None:
    scaled = [_fitted(strip, _LONGEST // columns, height) for strip in strips]
    rows = [scaled[start : start + columns] for start in range(0, len(scaled), columns)]
    sheet = Image.new(
        "RGB", (max(sum(strip.width + 6 for strip in row) for row in rows), len(rows) * (height + 6)), "white"
    )
    for number, row in enumerate(rows):
        left = 0
        for strip in row:
            sheet.paste(strip, (left, number * (height + 6)))
            left += strip.width + 6
    sheet.save(path, quality=90)


def _fitted(strip: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / strip.width, height / strip.height)
    return strip.resize((round(strip.width * scale), max(1, round(strip.height * scale))))


def _image(rgb: Tensor) -> Image.Image:
    return Image.fromarray((rgb.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))


def _encoded(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    return base64.b64encode(file.getvalue()).decode()
