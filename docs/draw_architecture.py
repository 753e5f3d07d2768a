"""Draws docs/architecture.svg, and writes the table of packages in docs/architecture.md, from the code itself.

`python -m docs.draw_architecture` writes both. The picture shows the packages and who imports whom; an import that
follows from others (A imports B, B imports C, so A may know C) has no line of its own.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"

COLUMNS = ("daemon", "colorizer", "training")
SHARED = "colorizer: job, settings, errors, ..."
"""The name of the box for the small modules of colorizer that hold values and helpers."""
WIDTH, HEIGHT, GAP, STEP, MARGIN = 150, 34, 14, 82, 24
"""Size of a box, space beside it, distance of two rows, and space around all, in pixels."""
COLOURS = {"daemon": "#dbe9f6", "colorizer": "#e3f1dc", "training": "#f8e8d0"}


@dataclass(frozen=True)
class Graph:
    """Packages (and modules beside them), and who imports whom; without cycles."""

    imports: dict[str, frozenset[str]]

    def below(self, box: str) -> frozenset[str]:
        """Everything that a box imports, also by way of others."""
        return frozenset().union(*({other} | self.below(other) for other in self.imports.get(box, ())))

    @cached_property
    def boxes(self) -> list[str]:
        """All boxes, sorted."""
        return sorted(set(self.imports) | {box for others in self.imports.values() for box in others})

    @cached_property
    def lines(self) -> list[tuple[str, str]]:
        """The imports that do not follow from others."""
        return [
            (box, other)
            for box in sorted(self.imports)
            for other in sorted(self.imports[box])
            if not any(other in self.below(via) for via in self.imports[box] - {other})
        ]

    def level(self, box: str) -> int:
        """Row of a box: 0 imports nothing, every other one stands above what it imports."""
        return 1 + max((self.level(other) for other in self.imports.get(box, ())), default=-1)


def read_graph() -> Graph:
    """Read all imports from the source, but for those that the contracts of the layers call exceptions."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    exceptions = {
        tuple(line.split(" -> "))
        for contract in contracts
        if contract["type"] == "layers"
        for line in contract.get("ignore_imports", ())
    }
    modules = grimp.build_graph(*COLUMNS, cache_dir=None)
    imports: dict[str, set[str]] = {}
    for importer in modules.modules:
        for imported in modules.find_modules_directly_imported_by(importer):
            pair = box_of(importer), box_of(imported)
            if pair[0] != pair[1] and (importer, imported) not in exceptions:
                imports.setdefault(pair[0], set()).add(pair[1])
    return Graph({box: frozenset(others) for box, others in imports.items()})


def box_of(module: str) -> str:
    """The box that a module belongs to."""
    package, *rest = module.split(".")
    if not rest:
        return SHARED if package == "colorizer" else f"{package}.cli"
    if (
        package == "colorizer"
        and rest[0] not in {"engine", "preview", "trial"}
        and not (ROOT / "colorizer" / rest[0]).is_dir()
    ):
        return SHARED
    return f"{package}.cli" if rest[0] == "__main__" else f"{package}.{rest[0]}"


def draw(graph: Graph) -> str:
    """The picture, as SVG."""
    places = dict(_places(graph))
    width = max(x + _width(box) for box, (x, _) in places.items()) + MARGIN
    height = max(y for _, y in places.values()) + HEIGHT + MARGIN
    size, font = f'width="{width}" height="{height}"', 'font-family="sans-serif" font-size="12"'
    tip = 'viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} {font}>',
        f'<marker id="tip" {tip}><path d="M0 0 8 4 0 8z" fill="#667"/></marker>',
        f'<rect {size} fill="#fff"/>',
        *(_line(graph, places, box, other) for box, other in graph.lines),
        *(_box(box, *places[box]) for box in graph.boxes),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _places(graph: Graph) -> Iterator[tuple[str, tuple[int, int]]]:
    """The left upper corner of each box, and of each bend: a column for each of the three, a row for each level."""
    left, top = MARGIN, max(map(graph.level, graph.boxes))
    for column in COLUMNS:
        rows: dict[int, list[str]] = {}
        for box in graph.boxes:
            if box.startswith(column):
                rows.setdefault(graph.level(box), []).append(box)
        for upper, lower in graph.lines:
            for level, bend in _bends(graph, upper, lower):
                if upper.startswith(column):
                    rows.setdefault(level, []).append(bend)
        widths = {level: sum(_width(box) + GAP for box in boxes) for level, boxes in rows.items()}
        for level, boxes in rows.items():
            x = left + (max(widths.values()) - widths[level]) // 2
            for box in boxes:
                yield box, (x, MARGIN + (top - level) * STEP)
                x += _width(box) + GAP
        left += max(widths.values()) + 2 * GAP


def _bends(graph: Graph, upper: str, lower: str) -> list[tuple[int, str]]:
    """The rows between two boxes of a column, with a name for the place where their line passes the boxes there."""
    if upper.partition(".")[0] != lower.partition(".")[0]:
        return []
    return [(level, f"{upper} > {lower} {level}") for level in range(graph.level(upper) - 1, graph.level(lower), -1)]


def _width(box: str) -> int:
    return 0 if ">" in box else WIDTH


def _line(graph: Graph, places: dict[str, tuple[int, int]], upper: str, lower: str) -> str:
    x, y = places[upper][0] + WIDTH // 2, places[upper][1] + HEIGHT
    path = f"M{x} {y}"
    for name in (*(bend for _, bend in _bends(graph, upper, lower)), lower):
        to_x, to_y = places[name][0] + _width(name) // 2, places[name][1]
        half = (to_y - y) // 2
        path += f"C{x} {y + half} {to_x} {to_y - half} {to_x} {to_y}"
        x, y = to_x, to_y
        if ">" in name:
            y += HEIGHT
            path += f"V{y}"
    return f'<path d="{path}" fill="none" stroke="#667" marker-end="url(#tip)"/>'


def _box(box: str, x: int, y: int) -> str:
    package, _, rest = box.replace(":", ".", 1).partition(".")
    text = f'<tspan font-weight="bold">{package}.</tspan>{escape(rest)}'
    if box == SHARED:
        text = f'<tspan font-weight="bold">{package}</tspan>: job, errors, ...'
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{COLOURS[package]}" stroke="#667"/>'
        f'<text x="{x + WIDTH // 2}" y="{y + HEIGHT // 2 + 4}" text-anchor="middle">{text}</text>'
    )


def table() -> str:
    """The table of packages: the first line of each one's docstring."""
    lines = ["| package | what |", "|---|---|"]
    for column in COLUMNS:
        for path in sorted((ROOT / column).glob("**/__init__.py")):
            package = str(path.parent.relative_to(ROOT))
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            lines.append(f"| [`{package}`](../{package}) | {text.partition(chr(10))[0]} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """The page with the table between its marks."""
    pattern = r"(?<=<!-- packages -->\n).*?(?=\n<!-- /packages -->)"
    return re.sub(pattern, lambda _: table(), page, count=1, flags=re.DOTALL)


def main() -> None:
    """Write the picture and the table."""
    PICTURE.write_text(draw(read_graph()))
    PAGE.write_text(with_table(PAGE.read_text()))


if __name__ == "__main__":
    main()
