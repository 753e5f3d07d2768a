"""config.yaml as typed, validated settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import (
    BeforeValidator,
    Field,
    HttpUrl,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from colorizer.errors import SettingsError
from colorizer.settings import JobSettings, Section
from daemon.config.errors import explain
from daemon.config.ignored_names import LEFT_BEHIND
from daemon.config.working_hours import Span, read_span

DEFAULT_CONFIG = Path("config.yaml")


class Folder(JobSettings):
    """A watched folder; settings of jobs (detection, colour, photo, film) that it lacks are those of the whole file."""

    input: Path
    """Where originals are dropped."""
    output: Path
    """Where coloured copies appear, in the same sub-folders."""
    recursive: bool = True
    """Whether sub-folders are watched too."""
    include: tuple[str, ...] = ("*",)
    """Names that are taken (shell patterns)."""
    exclude: tuple[str, ...] = LEFT_BEHIND
    """Names of files and folders that are left alone (shell patterns)."""
    links: Literal["ignore", "follow"] = "ignore"
    """Whether symbolic links are followed, also out of the folder."""
    priority: int = 0
    """Jobs of a folder with a higher number come first; folders with the same number take turns."""
    original: Literal["keep", "move"] = "keep"
    """What happens to an original that is done: it stays, or moves to `done/` in its watched folder."""
    duplicates: Literal["again", "link", "skip"] = "again"
    """A file with the content of one that is done is coloured again, gets a link to its result, or is skipped."""

    @property
    def job_settings(self) -> JobSettings:
        """Those of its settings that make a result what it is."""
        return JobSettings(**{name: getattr(self, name) for name in JobSettings.model_fields})


class Watching(Section):
    """How files are found, and when they are complete."""

    method: Literal["events", "polling"] = "events"
    """events (inotify), or polling, for network mounts where no events arrive."""
    poll_seconds: PositiveFloat = 10
    """How often folders are looked through where no events arrive."""
    settle_seconds: NonNegativeFloat = 5
    """A file is taken when it has not changed for so long."""
    patience_seconds: NonNegativeFloat = 600
    """A file that looks cut off counts as damaged when it has been seen unchanged for so long, whatever its date."""
    rescan_seconds: PositiveFloat = 300
    """How often all folders are looked through for what events missed."""


class Work(Section):
    """How jobs are done."""

    workers: PositiveInt = 1
    """Worker processes for each device."""
    order: Literal["oldest", "smallest", "photos"] = "oldest"
    """Which waiting file of a folder comes first: the one found first, the smallest, or photos before films."""
    attempts: PositiveInt = 3
    """How often a file is tried before it counts as failed."""
    retry_seconds: PositiveFloat = 30
    """Delay before the second attempt; each further one waits four times as long."""
    stall_seconds: PositiveFloat = 600
    """A job that makes no progress for so long is stopped; it costs an attempt."""
    job_seconds: PositiveFloat | None = None
    """An attempt that takes longer is stopped; a film then goes on from its last finished segment."""
    job_mib: PositiveInt | None = None
    """A worker that holds more memory than this, its weights included, is stopped; it costs an attempt."""
    leak_mib: PositiveInt = 1024
    """A worker that, between two jobs, holds so much more than when it was new is replaced."""
    idle_seconds: PositiveFloat | None = 900
    """A worker that has had nothing to do for so long ends, and gives its memory back; the next file brings another."""
    photo_batch: PositiveInt = 16
    """So many waiting photographs are given to a worker together; alike ones share one call of the network."""
    hours: tuple[Annotated[Span, BeforeValidator(read_span)], ...] = ()
    """When jobs are done (22:00-06:00, mon-fri 18:00-08:00), in local time; empty: always."""
    nice: int = Field(default=0, ge=0, le=19)
    """By how much workers let other programs go first: 0 (not at all) to 19."""
    io_class: Literal["normal", "low", "idle"] = "normal"
    """How workers share the disk: idle takes only what others leave."""
    grace_seconds: NonNegativeFloat = 20
    """On stop, a running job may finish within this time; then it is put back."""
    spare_mib: NonNegativeInt = 1024
    """Jobs pause while fewer MiB are free on the disk of their results (an eighth of it on the journal's)."""
    history_days: PositiveFloat = 365
    """After so many days the journal forgets files that are gone from their folder."""
    failure_notes: bool = True
    """Whether a failure leaves NAME.failed.txt with its reason in the output folder."""


class Hook(Section):
    """Who is told of an event; at least once, in the order of the events where nothing fails."""

    command: tuple[str, ...] = ()
    """A program and its arguments. It gets the facts as JSON on its standard input, and in TINTD_... variables."""
    webhook: HttpUrl | None = None
    """An address to which the facts are posted as JSON."""

    @property
    def is_set(self) -> bool:
        """Whether anyone is told."""
        return bool(self.command) or self.webhook is not None


class Hooks(Section):
    """Who is told when a file is done, or has failed for good."""

    done: Hook = Hook()
    failed: Hook = Hook()
    timeout_seconds: PositiveFloat = 30
    """A command or an answer that takes longer counts as failed, and is tried again."""


class Monitoring(Section):
    """What the service answers over HTTP."""

    address: str = Field(default="off", pattern=r"^(off|(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5})$")
    """off, or HOST:PORT for Prometheus metrics on /metrics and the state of health on /healthz."""


class Control(Section):
    """How `tintd status`, `pause` and the others reach the service."""

    socket: Path | None = None
    """Where the service listens; by default `control` in the state folder."""
    access: Literal["owner", "group", "everyone"] = "group"
    """Who may use it."""


class Log(Section):
    """What the service writes to its standard error."""

    format: Literal["auto", "json", "console"] = "auto"
    """auto: coloured lines on a terminal, else JSON."""
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(BaseSettings, JobSettings):
    """All settings of the service. The environment may override any of them: TINTD_LOG__LEVEL=debug."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="TINTD_", env_nested_delimiter="__")

    folders: tuple[Folder, ...] = Field(min_length=1)
    state: Path = Path("state")
    """Folder of the journal: on a local disk."""
    watching: Watching = Watching()
    work: Work = Work()
    control: Control = Control()
    hooks: Hooks = Hooks()
    monitoring: Monitoring = Monitoring()
    log: Log = Log()

    @property
    def control_socket(self) -> Path:
        """Where the service listens."""
        return self.control.socket or self.state / "control"

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
        """The environment goes before the file."""
        return env_settings, init_settings

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Give each folder the settings of the whole file that it does not name itself."""
        folders = data.get("folders")
        if not isinstance(folders, list):
            return data
        common = {name: data[name] for name in JobSettings.model_fields if name in data}
        return data | {"folders": [_merged(common, folder) for folder in folders]}


def load_config(path: Path) -> Config:
    """Read and check a configuration; relative paths in it count from its own folder.

    Raises:
        SettingsError: the file is missing or cannot be read, or a setting in it is wrong; the message names each one.

    """
    try:
        if not path.is_file():
            raise SettingsError(f"{path}: there is no configuration here; name one with --config")
        written = yaml.safe_load(path.read_text()) or {}
        if not isinstance(written, dict):
            raise SettingsError(f"{path}: not a configuration: it holds no settings by name")
        named = {str(name): setting for name, setting in written.items()}  # YAML takes `on` and `yes` for True
        config = _anchored(Config(**named), path.resolve().parent)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in explain(error, Config))) from error
    except (TypeError, ValueError, RuntimeError) as error:  # a 13th month, a link that leads to itself, [[[[...
        raise SettingsError(f"{path}: not a configuration: {error}") from error
    _check_apart(path, config)
    return config


def _merged(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Nested settings, the own ones over the common ones."""
    if not isinstance(own, dict):
        return own  # said by the validation that follows
    result = dict(common)
    for key, value in own.items():
        inherited = common.get(key)
        both = isinstance(value, dict) and isinstance(inherited, dict)
        result[key] = _merged(cast("dict[str, Any]", inherited), value) if both else value
    return result


def _anchored(config: Config, base: Path) -> Config:
    """The configuration with absolute paths."""

    def anchored_files(section: JobSettings) -> dict[str, object]:
        weights, profile = section.colour.weights, section.photo.profile
        return {
            "colour": section.colour.model_copy(update={"weights": base / weights} if weights != "default" else {}),
            "photo": section.photo.model_copy(update={"profile": base / profile} if isinstance(profile, Path) else {}),
        }

    folders = tuple(
        folder.model_copy(
            update={
                "input": (base / folder.input).resolve(),
                "output": (base / folder.output).resolve(),
                **anchored_files(folder),
            }
        )
        for folder in config.folders
    )
    state = (base / config.state).resolve()
    control = config.control.model_copy(update={"socket": config.control.socket and base / config.control.socket})
    return config.model_copy(update={"folders": folders, "state": state, "control": control, **anchored_files(config)})


def _check_apart(path: Path, config: Config) -> None:
    """Refuse folders in which results would be taken for originals, or originals be watched twice."""
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
