"""Tests of what people read: README and config.yaml say what is so."""

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from daemon.config.settings import Config, Folder, load_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_configuration_tells_every_setting_with_its_default() -> None:
    """But for the folders, which are the user's."""
    told = yaml.safe_load((ROOT / "config.yaml").read_text())
    config = load_config(ROOT / "config.yaml")
    plain = Config(folders=(Folder(input=Path("inbox"), output=Path("outbox")),))
    for name, field in Config.model_fields.items():
        if name == "folders":
            continue
        assert name in told, f"{name} is not told"
        if isinstance(field.default, BaseModel):
            assert set(told[name]) == set(type(field.default).model_fields)
            assert getattr(config, name).model_dump() == getattr(plain, name).model_dump()


def test_the_configuration_explains_a_folder() -> None:
    """Each setting of a folder stands in the file, if only in a comment."""
    text = (ROOT / "config.yaml").read_text()
    for name in Folder.model_fields:
        assert re.search(rf"\b{name}:", text), f"{name} is not told"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^    (?:sudo )?make ([\w-]+)", README, re.MULTILINE))))
def test_every_make_command_exists(target: str) -> None:
    """As the README writes it."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"(?:`|bin/)tintd ([a-z]+)", README))))
def test_every_sub_command_exists(command: str) -> None:
    """As the README writes it."""
    commands = {entry.name for entry in entry_points(group="tintd.commands")}
    assert command in commands


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(path: str) -> None:
    """To a file of the repository."""
    assert (ROOT / path).exists()


def test_every_table_of_folders_is_true() -> None:
    """What the README says lies there, lies there."""
    folders: list[Any] = re.findall(r"^\| `([\w/]+)`[,|] ", README, re.MULTILINE)
    for folder in folders:
        assert (ROOT / folder).is_dir()
