"""Tests of daemon/config/settings.py."""

from pathlib import Path

import pytest

from colorizer.errors import SettingsError
from daemon.config.settings import load_config

ROOT = Path(__file__).parents[3]


def written(tmp_path: Path, text: str) -> Path:
    """A configuration file."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


FOLDERS = "folders: [{input: inbox, output: outbox}]\n"


def test_a_folder_inherits_what_it_does_not_name(tmp_path: Path) -> None:
    """Settings of the whole file are those of each folder, but for its own."""
    text = """
    folders:
      - {input: a, output: x, colour: {vividness: 0.2}}
      - {input: b, output: y}
    colour: {device: cpu, vividness: 0.7}
    """
    first, second = load_config(written(tmp_path, text)).folders
    assert (first.colour.device, first.colour.vividness) == ("cpu", 0.2)
    assert (second.colour.device, second.colour.vividness) == ("cpu", 0.7)


def test_paths_count_from_the_file(tmp_path: Path) -> None:
    """Wherever the service was started."""
    config = load_config(written(tmp_path, FOLDERS + "colour: {weights: my.safetensors}"))
    assert config.folders[0].input == tmp_path / "inbox"
    assert config.folders[0].colour.weights == tmp_path / "my.safetensors"
    assert config.state == tmp_path / "state"


def test_a_configuration_of_version_0_1_works(tmp_path: Path) -> None:
    """It was shipped with the defaults, and means today's, but for the way to find files and for interlaced films."""
    old = (ROOT / "tests" / "assets" / "config-0.1.yaml").read_text()
    new = (ROOT / "config.yaml").read_text().replace("method: auto ", "method: events ")
    new = new.replace("interlaced: auto ", "interlaced: deinterlace ")
    assert load_config(written(tmp_path, old)) == load_config(written(tmp_path, new))


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells write it, in every path; a path that begins elsewhere stays as it is."""
    monkeypatch.setenv("HOME", "/home/anna")
    text = """
    folders: [{input: ~/scans, output: $HOME/coloured}]
    state: ${HOME}/state
    colour: {weights: ~/my.safetensors}
    photo: {profile: ~/my.icc}
    control: {socket: ~/control}
    """
    config = load_config(written(tmp_path, text))
    [folder] = config.folders
    assert (folder.input, folder.output) == (Path("/home/anna/scans"), Path("/home/anna/coloured"))
    assert (config.state, config.control_socket) == (Path("/home/anna/state"), Path("/home/anna/control"))
    assert folder.colour.weights == Path("/home/anna/my.safetensors")
    assert folder.photo.profile == Path("/home/anna/my.icc")


def test_the_input_that_is_shipped_may_be_made(tmp_path: Path) -> None:
    """Others may be mistyped: they are made only where that is configured."""
    text = """
    folders: [{input: inbox, output: a}, {input: scans, output: b}, {input: /srv/inbox, output: c},
              {input: films, output: d, make: true}]
    """
    assert [folder.make for folder in load_config(written(tmp_path, text)).folders] == [True, False, False, True]


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one setting, without an edit."""
    monkeypatch.setenv("TINTD_LOG__LEVEL", "debug")
    config = load_config(written(tmp_path, FOLDERS + "log: {level: error, format: json}"))
    assert (config.log.level, config.log.format) == ("debug", "json")


@pytest.mark.parametrize("written_off", ["off", '"off"'])
def test_a_server_can_be_off(tmp_path: Path, written_off: str) -> None:
    """With or without quotes: YAML takes `off` for false."""
    address = f"{{address: {written_off}}}"
    config = load_config(written(tmp_path, f"{FOLDERS}web: {address}\nmonitoring: {address}"))
    assert (config.web.is_off, config.monitoring.address) == (True, "off")


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a line of the file, in which the value does not stand."""
    monkeypatch.setenv("TINTD_LOG__LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"^TINTD_LOG__LEVEL \(an environment variable\): must be debug, info"):
        load_config(written(tmp_path, FOLDERS + "log: {level: error}"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FOLDERS + "colour: {vividnes: 1}", "colour.vividnes: there is no such setting; did you mean `vividness`?"),
        (FOLDERS + "watchin: {}", "watchin: there is no such setting; did you mean `watching`?"),
        ("folders: [{input: a, outptu: b}]", "did you mean `output`?"),
        (FOLDERS + "colour: {device: gpu}", "colour.device: must be auto, cpu, mps, cuda or cuda:N, not `gpu`"),
        (FOLDERS + "colour: {vividness: 2}", "colour.vividness: must be 1 or less, or auto, not `2`"),
        (FOLDERS + "vividness: 1", "vividness: there is no such setting; did you mean `colour.vividness`?"),
        (FOLDERS + "photo: {format: jpg}", "tiff, webp or avif, not `jpg`; did you mean jpeg?"),
        (FOLDERS + "film: {encoder: h265}", "line 2: film.encoder: there is no encoder `h265`; did you mean hevc?"),
        (FOLDERS + "\nwork:\n  order: oldest\n  attempts: 0", "config.yaml, line 5: work.attempts: must be greater"),
        ("folders:\n- {input: a, output: b}\n- input: c\n", "line 3: folders, entry 2: output: is missing"),
        (FOLDERS + "film:\n\tquality: 2", "not valid YAML: line 3: it is indented by a tab; use spaces"),
        ("folders:\n  - input: a\n   output: b", "not valid YAML: line 3: it does not fit the lines before it"),
        (FOLDERS + "film:\n  quality: 2\n speed: slow", "not valid YAML: line 4: it does not fit the lines"),
        (FOLDERS + "state: a: b", "not valid YAML: line 2: a colon is not allowed here"),
        (FOLDERS + "film\nlog: {}", "not valid YAML: line 3: a colon is "),
        ("folders: inbox", "folders: must be a list of folders, each with input and output, not `inbox`"),
        (FOLDERS + "size: {min_side: 9, max_side: 8}", "line 2: size: min_side is larger than max_side"),
        (FOLDERS + "size: {min_kib: 2000, max_mib: 1}", "line 2: size: min_kib is larger than max_mib"),
        (FOLDERS + "monitoring: {address: 9108}", "monitoring.address: must be off or HOST:PORT"),
        (FOLDERS + "work: {order: yes}", "work.order: must be oldest, smallest or photos, not `true`"),
        (FOLDERS + "work: {workers: many}", "work.workers: must be a whole number, not `many`"),
        (FOLDERS + "work: {workers: yes}", "work.workers: must be a whole number, not `true`"),
        (FOLDERS + "work: {idle_seconds: no}", "work.idle_seconds: must be a number, not `false`"),
        (
            FOLDERS + "colour: {working_size: on}",
            "colour.working_size: must be a whole number, or auto or native, not `true`",
        ),
        (FOLDERS + "work: {workers: 0}", "work.workers: must be greater than 0, not `0`"),
        (FOLDERS + "work: {failure_notes: perhaps}", "work.failure_notes: must be all, failed or none, not `perhaps`"),
        (FOLDERS + "work: {hours: [late]}", "work.hours, entry 1: late: write hours as 22:00-06:00"),
        (FOLDERS + "hooks: {done: {command: notify}}", "hooks.done.command: must be a list ([a, b]), not `notify`"),
        (FOLDERS + "hooks: {done: {webhook: here}}", "must be an address that begins with http:// or https://"),
        (FOLDERS + "monitoring: {address: here}", "monitoring.address: must be off or HOST:PORT"),
        (FOLDERS + "state: 3", "state: must be a path"),
        ("folders: [{input: a}]", "folders, entry 1: output: is missing"),
        ("", "folders"),
        ("folders: []", "folders"),
        ("[1, 2]", "lines is expected"),
        (FOLDERS + "1: 2", "1: there is no such setting"),
        (FOLDERS + "on: now", "True: there is no such setting"),
        (FOLDERS + "colour: {1: 2}", "colour.1"),
        (FOLDERS + "_env_file: 1", "not a configuration"),
        (FOLDERS + "log: 2024-13-01", "not a configuration: month"),
        ('folders: [{input: "a\\0", output: b}]', "not a configuration: embedded null"),
        ("[" * 2000, "not a configuration"),
        ("folders: [}", "not valid YAML"),
        ("folders: [inbox]", "folders, entry 1: must contain settings"),
        ("folders: [null]", "folders, entry 1"),
        ("folders: [{input: a, output: x/../a/b}]", "results would be coloured again"),
        ("folders: [{input: a, output: a/b}]", "results would be coloured again"),
        ("folders: [{input: a, output: x}, {input: a/b, output: y}]", "lies in the watched folder"),
        (FOLDERS + "state: inbox/state", "lies in the watched folder"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, says: str) -> None:
    """Which setting, what is wrong with it, and the nearest one that exists."""
    with pytest.raises(SettingsError) as refusal:
        load_config(written(tmp_path, text))
    assert says in str(refusal.value)
    assert str(tmp_path / "config.yaml") in str(refusal.value)


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    """By name, not by a trace."""
    (tmp_path / "config.yaml").write_bytes(b"folders: \xff\xfe")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_config(tmp_path / "config.yaml")


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """By name, with the kernel's reason; a file without permissions would not do: the tests may be root's."""
    (tmp_path / "config.yaml").symlink_to("/proc/self/mem")
    with pytest.raises(SettingsError, match=r"config\.yaml: cannot be read: Input/output error"):
        load_config(tmp_path / "config.yaml")


def test_an_output_that_is_the_input_by_another_name_is_refused(tmp_path: Path) -> None:
    """A symbolic link leads there."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "outbox").symlink_to("inbox")
    with pytest.raises(SettingsError, match="coloured again"):
        load_config(written(tmp_path, "folders: [{input: inbox, output: outbox}]"))


def test_an_inherited_mistake_is_said_once(tmp_path: Path) -> None:
    """However many folders inherit it."""
    text = "folders: [{input: a, output: x}, {input: b, output: y}]\ncolour: {vividnes: 1}"
    with pytest.raises(SettingsError) as refusal:
        load_config(written(tmp_path, text))
    assert str(refusal.value).count("vividnes:") == 1


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(SettingsError, match="--config"):
        load_config(tmp_path / "nothing.yaml")
