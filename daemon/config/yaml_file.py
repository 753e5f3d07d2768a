"""A YAML file as plain values. Unlike YAML itself, it refuses a name that is set twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from colorizer.errors import SettingsError

_PROBLEMS = {
    "expected <block end>": "it does not fit the lines before it; is it indented as they are?",
    "found character '\\t'": "it is indented by a tab; use spaces",
    "mapping values are not allowed": "a colon is not allowed here; is the line indented as those before it, or does a "
    "text with a colon need quotes?",
    "could not find expected ':'": "a colon is missing, here or in the line before",
}
"""What is wrong with a text, by the beginning of what the library says."""
_HINT = "; is a colon, a quote or a bracket missing?"


def read_yaml(path: Path) -> Any:  # noqa: ANN401 (whatever the file contains)
    """The content of a file.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: it is not text.
        yaml.YAMLError: it is not YAML.
        SettingsError: a name is set twice; the message says where.

    """
    loader = _Loader(path.read_text())
    loader.path = path
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def where_and_why(error: yaml.YAMLError | UnicodeDecodeError) -> str:
    """What is wrong with a text that is not YAML, in one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        problem = error.problem or ""
        known = next((text for start, text in _PROBLEMS.items() if problem.startswith(start)), None)
        return f"line {error.problem_mark.line + 1}: {known or problem + _HINT}"
    return " ".join(str(error).split())


def line_of(path: Path, place: Sequence[str | int]) -> int | None:
    """The line of a file, from 1, in which a setting stands.

    Args:
        path: a YAML file.
        place: the names, and the numbers in lists, that lead to the setting.

    Returns:
        The line of the setting; of the last part of the place that exists, if it is missing there; None if none does.

    """
    try:
        node = yaml.compose(path.read_text(), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return None
    line: int | None = None
    for part in place:
        found = _child(node, part)
        if found is None:
            break
        mark, node = found
        line = mark.line + 1
    return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Mark, yaml.Node] | None:
    """Where a part of a node begins, and its value; None if there is no such part."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark, value) for key, value in node.value if key.value == str(part)), None)
    return None


class _Loader(yaml.SafeLoader):
    path: Path

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        names: set[object] = set()
        for key, _ in node.value:
            if key.value in names and isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                raise SettingsError(f"{self.path}, line {line}: `{key.value}` is set twice; remove one of the two")
            names.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)
