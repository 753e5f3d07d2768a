"""Tests of the documents: what README.md, docs/ and config.yaml say is true."""

import json
import re
import tomllib
from dataclasses import fields as fields_of
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
import yaml
from pydantic import BaseModel

from daemon.config.settings import Config, Folder, load_config
from daemon.journal.outbox import HookEvent
from docs import draw_architecture
from training.recipe import Recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for place in ("*.md", "docs/*.md", "benchmarks/*.md", "demo/pictures/*.md", "colorizer/weights/*.md", "tests/*.md")
    for path in sorted(ROOT.glob(place))
}
"""The documents, by their paths in the repository."""
GUIDES = {name: text for name, text in PAGES.items() if name == "README.md" or name.startswith("docs/")}
"""The documents that say how tintd is used."""
COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["tintd.commands"]
"""The sub-commands of tintd, and the functions that run them."""

README_COMMANDS = {
    "make demo": "tests/demo/test_demo.py",
    "make run": "tests/test_wheel.py",
    ".venv/bin/tintd colorize demo/pictures/camera.jpg -o coloured": "tests/test_wheel.py",
    "sudo make install-service": "tests/systemd/test_install.py",
    "sudo systemctl enable --now tintd": "tests/systemd/test_units.py",
    "docker compose up -d": "tests/systemd/test_container.py",
    "make lint": ".ci/run",
    "make test": ".ci/run",
    "make wheel": "tests/test_wheel.py",
}
"""What runs each command of the README, or what the command starts; no test has systemd or a builder of images."""


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def options_of(command: str) -> set[str]:
    """The options of a sub-command of tintd."""
    app = typer.Typer()
    app.command()(EntryPoint(command, COMMANDS[command], "tintd.commands").load())
    return {name for parameter in typer.main.get_command(app).params for name in parameter.opts}


def settings_of(model: type[BaseModel], prefix: str = "") -> set[str]:
    """The names of settings, with those of their sections: `log`, `log.level`."""
    names = set()
    for name, field in model.model_fields.items():
        names.add(prefix + name)
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            names |= settings_of(section, f"{prefix}{name}.")
    return names


def test_config_yaml_contains_every_setting_with_its_default() -> None:
    """The folders, which are the user's, are left out."""
    written = yaml.safe_load((ROOT / "config.yaml").read_text())
    config = load_config(ROOT / "config.yaml")
    plain = Config(folders=(Folder(input=Path("inbox"), output=Path("outbox")),))
    for name, field in Config.model_fields.items():
        if name == "folders":
            continue
        assert name in written, f"{name} is missing"
        if isinstance(field.default, BaseModel):
            assert set(written[name]) == set(type(field.default).model_fields)
            assert getattr(config, name).model_dump() == getattr(plain, name).model_dump()


def test_config_yaml_explains_a_folder() -> None:
    """The file names each setting of a folder, some of them in a comment."""
    text = (ROOT / "config.yaml").read_text()
    for name in Folder.model_fields:
        assert re.search(rf"\b{name}:", text), f"{name} is missing"


def test_the_readme_is_short() -> None:
    """It is for newcomers: at most 150 lines."""
    assert len(README.splitlines()) <= 150


def test_every_command_of_the_readme_is_run() -> None:
    """Each command is run by a test or by CI, which is there."""
    commands = {line.partition("#")[0].strip() for line in re.findall(r"^    (\S.*)$", README, re.MULTILINE)}
    assert commands == set(README_COMMANDS)
    assert all((ROOT / place).is_file() for place in README_COMMANDS.values())


@pytest.mark.parametrize("page", GUIDES)
def test_every_make_command_exists(page: str) -> None:
    """Makefile has a target for each `make TARGET`."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^    (?:sudo )?|`(?:sudo )?)make ([\w-]+)", PAGES[page], re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", GUIDES)
def test_every_sub_command_and_its_options_exist(page: str) -> None:
    """Each `tintd COMMAND --option`, in text and in examples."""
    for line in re.findall(r"`[^`\n]+`|^    .+", PAGES[page], re.MULTILINE):
        for command, rest in re.findall(r"(?:^    |[`/])tintd ([a-z]+)\b([^;|`]*)", line):
            assert command in COMMANDS, line
            assert set(re.findall(r"(?<=\s)--?[a-z][\w-]*", rest)) <= options_of(command), line


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """To a file of the repository, and to a heading in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


@pytest.mark.parametrize("page", GUIDES)
def test_every_setting_exists(page: str) -> None:
    """Each `section.key` in the text is a setting of config.yaml or of a recipe."""
    names = settings_of(Config) | settings_of(Recipe)
    sections = {name.partition(".")[0] for name in names if "." in name}
    for section, key in re.findall(r"`(\w+)\.(\w+)[:`]", PAGES[page]):
        if section in sections and key not in {"md", "yaml"}:
            assert f"{section}.{key}" in names, f"{section}.{key}"


@pytest.mark.parametrize("page", GUIDES)
def test_every_example_of_a_configuration_is_valid(page: str, tmp_path: Path) -> None:
    """Each block of YAML can be read as a configuration."""
    for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)):
        (tmp_path / f"{number}.yaml").write_text(block)
        load_config(tmp_path / f"{number}.yaml")


@pytest.mark.parametrize("page", GUIDES)
def test_every_file_that_is_named_exists(page: str) -> None:
    """Each `path/of/a/file.py` is a path in the repository."""
    for path in re.findall(r"`((?:[\w.*-]+/)+[\w.*-]+\.(?:py|md|yaml|service))`", PAGES[page]):
        if not path.startswith(("runs/", "data/")):
            assert list(ROOT.glob(path)), path


def test_the_configuration_page_shows_what_a_hook_gets() -> None:
    """The example has the fields of an event, and the page names each variable."""
    page = PAGES["docs/configuration.md"]
    example = json.loads(re.findall(r"^    (\{.*\})$", page, re.MULTILINE)[0])
    fields = {field.name for field in fields_of(HookEvent)}
    assert set(example) == fields
    assert set(re.findall(r"`TINTD_([A-Z]+)`", page)) >= {name.upper() for name in fields}


def test_the_operations_page_lists_every_metric() -> None:
    """It names the metrics that the service serves, and no others."""
    sources = "".join(path.read_text() for path in (ROOT / "daemon" / "control").glob("*.py"))
    counters, gauges = (set(re.findall(kind + r'MetricFamily\(\s*"(\w+)"', sources)) for kind in ("Counter", "Gauge"))
    served = gauges | {f"{name}_total" for name in counters}
    assert set(re.findall(r"`(tintd_\w+)`", PAGES["docs/operations.md"])) == served


def test_the_operations_page_lists_every_command() -> None:
    """The table has the sub-commands that are installed, and no others."""
    listed = re.findall(r"^\|.*$", PAGES["docs/operations.md"], re.MULTILINE)
    named = {name for row in listed for name in re.findall(r"`tintd ([a-z]+)", row.split("|")[1])}
    assert named == set(COMMANDS)


def test_the_architecture_page_is_up_to_date() -> None:
    """If it is not, `python -m docs.draw_architecture` draws the picture and writes the table of packages."""
    assert draw_architecture.PICTURE.read_text() == draw_architecture.draw(draw_architecture.read_graph())
    page = draw_architecture.PAGE.read_text()
    assert draw_architecture.with_table(page) == page
