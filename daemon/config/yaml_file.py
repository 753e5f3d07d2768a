"""A YAML file as plain values. Unlike YAML itself, it refuses a name that is set twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from colorizer.errors import SettingsError


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
