"""Tests of daemon/commands/colorize.py: the command as people call it."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import psutil
import pytest
import typer
from PIL import Image

from colorizer.settings import JobSettings
from daemon.cli import main
from daemon.commands.colorize import colorize as colorize_command
from daemon.commands.colour_options import option_of, read_settings
from daemon.commands.options import UsageError
from daemon.workers import Failed, Vacancy, WorkerPool
from tests.assets.films import ENDLESS, Film, write_film
from tests.assets.pictures import write_grey
from tests.assets.sequences import write_frames
from tests.assets.tones import coloured
from tests.conftest import TIMEOUT

Colorize = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def colorize(
    tmp_path: Path,
    weights: Path,
    forked_workers: None,  # noqa: ARG001 (its effect is wanted)
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Colorize:
    """Run `tintd colorize` into the folder `out`, in this process: tests/test_wheel.py runs it in one of its own."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = ["tintd", "colorize", "-o", tmp_path / "out", "--weights", weights, "--device", "cpu", *arguments]
        monkeypatch.setattr(sys, "argv", [str(word) for word in command])
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(sys.argv, int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_photographs_and_films_are_coloured(tmp_path: Path, colorize: Colorize) -> None:
    """Each result is named."""
    photo, film = write_grey(tmp_path / "a.jpg"), write_film(tmp_path / "b.mp4")
    ended = colorize(photo, film)
    assert ended.returncode == 0, ended.stderr
    assert Image.open(tmp_path / "out" / "a.jpg").mode == "RGB"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg", "b.mp4"]


def test_it_goes_on_after_a_bad_file(tmp_path: Path, colorize: Colorize) -> None:
    """And exits with 1, naming file and reason."""
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    ended = colorize(bad, tmp_path / "nothing.png", write_grey(tmp_path / "a.png"))
    assert ended.returncode == 1
    assert "bad.jpg: neither a photograph nor a film" in ended.stderr.replace("\n", " ")
    assert "bad.jpg: bad.jpg" not in ended.stderr
    assert "no such file" in ended.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def test_a_folder_is_mirrored(tmp_path: Path, colorize: Colorize) -> None:
    """In the order of the names; what the service would ignore or skip is no failure, and no result is coloured."""
    scans = tmp_path / "scans"
    for name in ("10.png", "2.png", "sub/c.png", ".hidden.png"):
        (scans / name).parent.mkdir(exist_ok=True, parents=True)
        write_grey(scans / name)
    (scans / "notes.txt").write_text("no picture")
    for _ in range(2):
        ended = colorize("-o", scans / "coloured", "--overwrite", scans)
        assert ended.returncode == 0, ended.stderr
    assert ended.stderr.index("2.png ->") < ended.stderr.index("10.png ->")
    assert re.search(r"notes\.txt: .*; skipped", ended.stderr)
    results = sorted(str(path.relative_to(scans / "coloured")) for path in (scans / "coloured").rglob("*.*"))
    assert results == ["10.png", "2.png", "sub/c.png"]


def test_every_setting_of_a_job_is_an_option() -> None:
    """As `tintd colorize --help` shows them."""
    app = typer.Typer()
    app.command()(colorize_command)
    options = {flag for parameter in typer.main.get_command(app).params for flag in parameter.opts}
    settings = [
        f"{section}.{name}" if names else section
        for section, values in JobSettings()
        for names in [getattr(type(values), "model_fields", ())]
        for name in names or ("",)
    ]
    assert {option_of(setting) for setting in settings} <= options


def test_defaults_can_be_said(tmp_path: Path, colorize: Colorize) -> None:
    """As they are written in the configuration: `auto` and `default` where they are the default."""
    given = [
        word
        for option, value in (("--vividness", "auto"), ("--working-size", "auto"), ("--jpeg-quality", "auto"))
        for word in (option, value)
    ]
    assert colorize(write_grey(tmp_path / "a.png"), *given, "--encoder", "auto", "--format", "jpeg").returncode == 0
    assert (tmp_path / "out" / "a.jpg").exists()
    assert read_settings(colour={"weights": "default"}) == JobSettings()


def test_a_wrong_option_of_photographs_and_films_is_named_once() -> None:
    """Though it is two settings."""
    with pytest.raises(UsageError) as refusal:
        read_settings(photo={"turn": "side"}, film={"turn": "side"})
    assert str(refusal.value).count("--turn") == 1


def test_a_file_in_colour_is_left_alone_unless_it_is_said_to_be_grey(tmp_path: Path, colorize: Colorize) -> None:
    """That is no failure, and it says what to do."""
    photo = tmp_path / "a.png"
    Image.fromarray(coloured("coffee")).save(photo)
    ended = colorize(photo)
    assert ended.returncode == 0
    assert "already in colour" in ended.stderr
    assert "--input grey" in ended.stderr
    assert list((tmp_path / "out").iterdir()) == []
    assert colorize(photo, "--input", "grey").returncode == 0
    assert (tmp_path / "out" / "a.png").exists()


def test_a_result_that_is_there_is_replaced_only_on_demand(tmp_path: Path, colorize: Colorize) -> None:
    """The refusal says how."""
    photo = write_grey(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("mine")
    refused = colorize(photo)
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr
    assert (tmp_path / "out" / "a.png").read_text() == "mine"
    assert colorize(photo, "--overwrite").returncode == 0
    assert Image.open(tmp_path / "out" / "a.png").mode == "RGB"


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_an_earlier_result_of_a_film_is_found_in_any_container(tmp_path: Path, colorize: Colorize, suffix: str) -> None:
    """It has the container that could hold the streams of its original."""
    film = write_film(tmp_path / "reel.avi", Film(codec="mpeg4"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"reel{suffix}").write_text("mine")
    refused = colorize(film)
    assert refused.returncode == 1
    assert f"reel{suffix} exists already" in refused.stderr


def test_an_original_is_never_replaced_by_its_own_result(tmp_path: Path, colorize: Colorize) -> None:
    """Not even with --overwrite into its own folder."""
    (tmp_path / "out").mkdir()
    photo = write_grey(tmp_path / "out" / "a.png")
    before = photo.read_bytes()
    colorize(photo, "--overwrite")
    assert photo.read_bytes() == before


def test_an_original_is_never_replaced_by_anothers_result(tmp_path: Path, colorize: Colorize) -> None:
    """Nor one result of a run by another of the same name."""
    for folder in ("out", "b"):
        (tmp_path / folder).mkdir()
    film = write_film(tmp_path / "out" / "reel.mp4")
    before = film.read_bytes()
    other = write_film(tmp_path / "b" / "reel.avi", Film(codec="mpeg4"))
    again = write_film(tmp_path / "b" / "reel.mp4")
    assert colorize(other, again, film, "--overwrite").returncode == 0
    assert film.read_bytes() == before
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_piece_of_a_film_beside_its_grey(tmp_path: Path, colorize: Colorize) -> None:
    """To try settings on."""
    ended = colorize(write_film(tmp_path / "a.mp4", Film(frames=100)), "--from", "0:01", "--for", "2", "--compare")
    assert ended.returncode == 0, ended.stderr
    with av.open(str(tmp_path / "out" / "a.mp4")) as container:
        frames = list(container.decode(video=0))
    assert (len(frames), frames[0].width) == (50, 192)


def test_a_worker_that_hangs_is_not_waited_for_for_ever(tmp_path: Path, weights: Path) -> None:
    """Breaks: SIGSTOP in the worker, at a film. The file has failed; the command ends."""
    film = write_film(tmp_path / "film.mp4", ENDLESS)
    command = [sys.executable, "-m", "daemon", "colorize", "-o", tmp_path / "out", "--weights", weights]
    with subprocess.Popen([*command, "--device", "cpu", "--stall-seconds", "3", film], stderr=subprocess.PIPE) as run:
        while not list(tmp_path.glob("out/.tintd-*")):
            assert run.poll() is None
            time.sleep(0.05)
        [worker] = psutil.Process(run.pid).children()
        worker.suspend()
        _, errors = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 1
    assert b"film.mp4: no progress for 3 s" in errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--device", "gpu"], "--device"),
        (["--working-size", "huge"], "--working-size"),
        (["--input", "purple"], "--input"),
        (["--jpeg-quality", "0"], "--jpeg-quality: must be 1 or more, or auto"),
        (["--encoder", "libx265e"], "--encoder: there is no encoder libx265e; did you mean libx265?"),
        (["--encoder-option", "grain"], "--encoder-option: must be NAME=VALUE"),
        (["--film-max-megapixels", "all"], "--film-max-megapixels: must be a whole number"),
        (["--profile", "/nowhere.icc"], "--profile: there is no file /nowhere.icc"),
        (["--device", "cuda:99"], "device 'cuda:99' was not found"),
        (["--from", "noon"], "noon: not a time"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, colorize: Colorize, arguments: list[str], expected: str) -> None:
    """In one line, with its name, before the first file; the exit status is that of a wrong usage."""
    ended = colorize(write_grey(tmp_path / "a.png"), *arguments)
    assert ended.returncode == 2
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unexpected_error_says_where_its_trace_is(
    tmp_path: Path, colorize: Colorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a file of its own, as this command has no log."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(WorkerPool, "submit", lambda _self, _task, _vacancy: None)
    reported = [Failed(0, "failed", "a.jpg: please report it", "KeyError: 'x'")]
    monkeypatch.setattr(WorkerPool, "events", lambda _self, timeout: [reported.pop()] if timeout else [])
    monkeypatch.setattr(WorkerPool, "vacancies", lambda _self: [Vacancy("1", frozenset())])
    ended = colorize(write_grey(tmp_path / "a.jpg"))
    (trace,) = tmp_path.glob("tintd-trace-*.txt")
    assert f"a.jpg: please report it (the trace is in {trace})" in ended.stderr
    assert trace.read_text() == "KeyError: 'x'"


def test_numbered_frames_are_a_film_on_request(tmp_path: Path, colorize: Colorize) -> None:
    """Named by themselves, or by their folder; without the option they are photographs."""
    reel = write_frames(tmp_path / "reel", "{:03}.png", range(4), "gray")
    ended = colorize(reel, "--sequences", "23.976")
    assert ended.returncode == 0, ended.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["reel.mkv"]
    with av.open(str(tmp_path / "out" / "reel.mkv")) as film:
        assert film.streams.video[0].average_rate == Fraction(24000, 1001)
    assert colorize(reel, "--sequences", "never").returncode == 2
    assert colorize(reel).returncode == 0
    assert len(list((tmp_path / "out").iterdir())) == 5
