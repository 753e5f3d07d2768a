"""config.yaml as typed, validated settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from pydantic import (
    Field,
    HttpUrl,
    NonNegativeFloat,
    PositiveFloat,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from colorizer.errors import SettingsError
from colorizer.settings import JobSettings, Section
from daemon.config.disk_questions import DiskQuestions
from daemon.config.errors import WrongSetting, explain
from daemon.config.folder_settings import Folder, Method
from daemon.config.web_settings import Address, Web
from daemon.config.work import RaySettings, Work
from daemon.config.yaml_file import line_of, read_yaml, where_and_why

__all__ = ["DEFAULT_CONFIG", "Config", "Folder", "Hook", "Hooks", "Log", "Watching", "Work", "load_config"]

DEFAULT_CONFIG = Path("config.yaml")
_SHIPPED_INPUT = Path("inbox")
"""The input folder of the configuration that comes with tintd, as it is written there."""


class Watching(Section):
    """How files are found, and when they are complete."""

    method: Method = "auto"
    """How files are found: by events (inotify) or by polling; auto: by polling on network shares, which send no events.
    A folder may override it."""
    poll_seconds: PositiveFloat = 10
    """Time between two scans of the folders where no events arrive."""
    settle_seconds: NonNegativeFloat = 5
    """Time without a change after which a file is complete."""
    patience_seconds: NonNegativeFloat = 600
    """Time without a change, whatever the file's date, after which a file that looks cut off counts as damaged."""
    rescan_seconds: PositiveFloat = 300
    """Time between two scans that look for files whose events were lost."""


class Hook(Section):
    """What is called at an event; at least once, and in the order of the events if nothing fails."""

    command: tuple[str, ...] = ()
    """A program and its arguments. It gets the facts as JSON on standard input, and in variables TINTD_..."""
    webhook: HttpUrl | None = None
    """Address to which the facts are posted as JSON."""

    @property
    def is_set(self) -> bool:
        """Whether anything is called."""
        return bool(self.command) or self.webhook is not None


class Hooks(Section):
    """What is called when a file is done, has failed for good, or was skipped."""

    done: Hook = Hook()
    failed: Hook = Hook()
    skipped: Hook = Hook()
    timeout_seconds: PositiveFloat = 30
    """Longest time of a command or a webhook; one that takes longer has failed, and is called again later."""


class Monitoring(Section):
    """The HTTP server of the service."""

    address: Address = Field(
        default="off",
        pattern=r"^(off|(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5})$",
        description="off or HOST:PORT, such as 127.0.0.1:9108",
    )
    """off, or HOST:PORT, for metrics (Prometheus) on /metrics and the health of the service on /healthz."""


class Control(Section):
    """The socket that `tintd status`, `pause`, `cancel` and other commands use."""

    socket: Path | None = None
    """Path of the socket; None: `control` in the state folder."""
    access: Literal["owner", "group", "everyone"] = "group"
    """The users who may use it."""


class Log(Section):
    """The log on standard error."""

    format: Literal["auto", "json", "console"] = "auto"
    """auto: coloured lines on a terminal, JSON elsewhere."""
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(BaseSettings, JobSettings):
    """All settings of the service. Environment variables override them: TINTD_LOG__LEVEL=debug."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="TINTD_", env_nested_delimiter="__")

    folders: tuple[Folder, ...] = Field(min_length=1, description="a list of folders, each with input and output")
    state: Path = Path("state")
    """Folder of the journal, on a local disk."""
    watching: Watching = Watching()
    work: Work = Work()
    ray: RaySettings = RaySettings()
    control: Control = Control()
    hooks: Hooks = Hooks()
    monitoring: Monitoring = Monitoring()
    web: Web = Web()
    log: Log = Log()

    @property
    def control_socket(self) -> Path:
        """Path of the control socket."""
        return self.control.socket or self.state / "control"

    @property
    def web_folder(self) -> Path:
        """The folder of the web page in the state folder: token, links, previews and uploads that are not complete."""
        return self.state / "web"

    def folder_at(self, place: Path) -> Folder | None:
        """The watched folder at a place."""
        return next((folder for folder in self.folders if folder.input == place), None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the signature is pydantic's)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let environment variables override the file."""
        return env_settings, init_settings

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Give each folder the settings of the whole file that it does not override."""
        folders = data.get("folders")
        if not isinstance(folders, list):
            return data
        common = {name: data[name] for name in JobSettings.model_fields if name in data}
        return data | {"folders": [_merged(common, folder) for folder in folders]}


def resolved(place: Path) -> Path:
    """A folder of the configuration without symbolic links.

    Raises:
        SettingsError: its disk does not answer.

    """
    try:
        return DiskQuestions().ask(place, place.resolve)
    except TimeoutError as error:
        raise SettingsError(f"{place}: its disk does not answer; is it a network share that is away?") from error


_HURRIED = DiskQuestions(patience=1.0)
"""Asks for people who wait for an answer."""


def resolved_if_possible(place: Path) -> Path:
    """The same for those who need no disk: where it does not answer within a second, the links stay."""
    try:
        return _HURRIED.ask(place, place.resolve)
    except TimeoutError:
        return Path(os.path.abspath(place))  # noqa: PTH100 (`Path.absolute` keeps `..`)


def load_config(path: Path, resolve: Callable[[Path], Path] = resolved) -> Config:
    """Read and check a configuration. Relative paths in it start from its own folder.

    Args:
        path: its file.
        resolve: makes a path one without symbolic links.

    Raises:
        SettingsError: the file is missing or cannot be read, or a setting in it is wrong; the message names each one.

    """
    try:
        if not path.is_file():
            raise SettingsError(f"{path}: there is no configuration file here; name one with --config")
        written = read_yaml(path) or {}
        if not isinstance(written, dict):
            raise SettingsError(f"{path}: not a configuration: a list of `name: value` lines is expected")
        named = {str(name): setting for name, setting in written.items()}  # YAML takes `on` and `yes` for True
        config = _anchored(Config(**named), path.resolve().parent, resolve)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: this is not valid YAML: {where_and_why(error)}") from error
    except ValidationError as error:
        raise SettingsError("\n".join(_located(path, wrong) for wrong in explain(error, Config))) from error
    except (TypeError, ValueError, RuntimeError) as error:  # a 13th month, a link to itself, [[[[...
        raise SettingsError(f"{path}: not a configuration: {error}") from error
    _check_apart(path, config)
    return config


def _located(path: Path, wrong: WrongSetting) -> str:
    """A sentence about a wrong setting, with its line in the file or the variable that sets it."""
    variable = "TINTD_" + "__".join(str(part).upper() for part in wrong.place)
    if variable in os.environ:
        return f"{variable} (an environment variable): {wrong.wrong}"
    line = line_of(path, wrong.place)
    return f"{path}, line {line}: {wrong}" if line is not None else f"{path}: {wrong}"


def _merged(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Nested settings; the own ones override the common ones."""
    if not isinstance(own, dict):
        return own  # the validation that follows reports it
    result = dict(common)
    for key, value in own.items():
        inherited = common.get(key)
        both = isinstance(value, dict) and isinstance(inherited, dict)
        result[key] = _merged(cast("dict[str, Any]", inherited), value) if both else value
    return result


def _anchored(config: Config, base: Path, resolve: Callable[[Path], Path]) -> Config:
    """The configuration with absolute paths; ~ and $VARIABLES in them are replaced as in a shell."""

    def anchored(path: Path) -> Path:
        return base / Path(os.path.expandvars(path)).expanduser()

    def anchored_files(section: JobSettings) -> dict[str, object]:
        weights, profile = section.colour.weights, section.photo.profile
        return {
            "colour": section.colour.model_copy(
                update={"weights": anchored(Path(weights))} if weights != "default" else {}
            ),
            "photo": section.photo.model_copy(
                update={"profile": anchored(profile)} if isinstance(profile, Path) else {}
            ),
        }

    folders = tuple(
        folder.model_copy(
            update={
                "input": resolve(anchored(folder.input)),
                "make": folder.make or folder.input == _SHIPPED_INPUT,
                "output": resolve(anchored(folder.output)),
                **anchored_files(folder),
            }
        )
        for folder in config.folders
    )
    state = anchored(config.state).resolve()
    control = config.control.model_copy(update={"socket": config.control.socket and anchored(config.control.socket)})
    return config.model_copy(update={"folders": folders, "state": state, "control": control, **anchored_files(config)})


def _check_apart(path: Path, config: Config) -> None:
    """Refuse folders where results would be coloured again, or originals watched twice."""
    for folder in config.folders:
        for other in config.folders:
            if folder.output.is_relative_to(other.input):
                raise SettingsError(
                    f"{path}: the output {folder.output} lies in the watched folder {other.input}: "
                    "results would be coloured again"
                )
            if other is not folder and folder.input.is_relative_to(other.input):
                raise SettingsError(f"{path}: the input {folder.input} lies in the watched folder {other.input}")
        if config.state.is_relative_to(folder.input):
            raise SettingsError(f"{path}: the state {config.state} lies in the watched folder {folder.input}")
