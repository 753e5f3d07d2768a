"""Tests of Containerfile, compose.yaml and container/: linted, and what can be run without a builder is run."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from daemon.config.settings import load_config

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "Containerfile").read_text()


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_the_containerfile_has_no_faults() -> None:
    """As hadolint sees it."""
    subprocess.run(["hadolint", ROOT / "Containerfile"], check=True)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_the_entry_point_has_no_faults() -> None:
    """As shellcheck sees it."""
    subprocess.run(["shellcheck", ROOT / "container" / "entrypoint.sh"], check=True)


def test_what_is_copied_is_there_and_not_ignored() -> None:
    """Each source of each COPY."""
    let_in = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists()
            assert source.split("/")[0] in let_in


def test_it_does_not_run_as_root_and_knows_its_health() -> None:
    """Unless the user says so."""
    assert re.search(r"^USER 1000:1000$", CONTAINERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in CONTAINERFILE


def test_torch_is_pinned() -> None:
    """The container takes it, and nothing else, from PyTorch's own index."""
    pins = (ROOT / "constraints.txt").read_text()
    assert len(re.findall(r"^torch==", pins, re.MULTILINE)) == 1


def test_its_configuration_is_valid() -> None:
    """And answers where the health check asks."""
    config = load_config(ROOT / "container" / "config.yaml")
    port = config.monitoring.address.rpartition(":")[2]
    assert f"127.0.0.1:{port}/healthz" in (ROOT / "container" / "healthz.py").read_text()
    assert f"EXPOSE {port}" in CONTAINERFILE
    assert f"EXPOSE {config.web.address.rpartition(':')[2]}" in CONTAINERFILE


def test_the_compose_file_mounts_what_the_configuration_names() -> None:
    """Each folder of the configuration is a volume."""
    config = load_config(ROOT / "container" / "config.yaml")
    mounted = {
        volume.split(":")[1]
        for volume in yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["tintd"]["volumes"]
    }
    assert mounted == {str(config.state), *(str(place) for one in config.folders for place in (one.input, one.output))}


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="becoming another user needs root")
def test_the_entry_point_becomes_who_it_is_told(tmp_path: Path) -> None:
    """User, group and mask are those of PUID, PGID and UMASK."""
    script = tmp_path / "entrypoint.sh"
    script.write_text((ROOT / "container" / "entrypoint.sh").read_text().replace("/state", str(tmp_path)))
    told = os.environ | {"PUID": "4321", "PGID": "1234", "UMASK": "0027"}
    asks = ["sh", "-c", "id -u; id -g; id -G; umask"]
    answer = subprocess.run(["sh", script, *asks], env=told, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["4321", "1234", "1234", "0027"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="becoming another user needs root")
def test_the_journal_goes_with_who_it_is_told(tmp_path: Path) -> None:
    """Where PUID is changed after a first start, the journal of that start is the new user's."""
    script = tmp_path / "entrypoint.sh"
    script.write_text((ROOT / "container" / "entrypoint.sh").read_text().replace("/state", f"{tmp_path}/state"))
    journal = tmp_path / "state" / "journal.sqlite3"
    journal.parent.mkdir()
    journal.touch()
    subprocess.run(["sh", script, "true"], env=os.environ | {"PUID": "4321", "PGID": "1234"}, check=True)
    assert (journal.stat().st_uid, journal.stat().st_gid) == (4321, 1234)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_the_entry_point_refuses_what_is_no_number() -> None:
    """With a reason."""
    told = os.environ | {"PUID": "somebody"}
    answer = subprocess.run(
        ["sh", ROOT / "container" / "entrypoint.sh", "true"], env=told, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "numbers" in answer.stderr


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="becoming another user needs root")
def test_root_must_be_asked_for(tmp_path: Path) -> None:
    """PUID=0 alone is refused with what to do."""
    script = tmp_path / "entrypoint.sh"
    script.write_text((ROOT / "container" / "entrypoint.sh").read_text().replace("/state", str(tmp_path)))
    refused = subprocess.run(
        ["sh", script, "id", "-u"], env=os.environ | {"PUID": "0"}, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "ALLOW_ROOT=yes" in refused.stderr
    told = os.environ | {"PUID": "0", "PGID": "0", "ALLOW_ROOT": "yes"}
    assert subprocess.run(["sh", script, "id", "-u"], env=told, capture_output=True, check=True).stdout == b"0\n"


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="becoming another user needs root")
def test_a_closed_folder_in_the_state_stops_nothing(tmp_path: Path) -> None:
    """Breaks: a sub-folder that root cannot enter with the capabilities of the compose file."""
    script, state = tmp_path / "entrypoint.sh", tmp_path / "state"
    script.write_text((ROOT / "container" / "entrypoint.sh").read_text().replace("/state", str(state)))
    (state / "closed").mkdir(parents=True, mode=0o700)
    os.chown(state / "closed", 4322, 4322)
    os.chown(state, 4322, 4322)
    state.chmod(0o700)
    for place in (tmp_path, *tmp_path.parents):
        if place == Path(tempfile.gettempdir()):
            break
        place.chmod(0o755)
    kept = "-all,+setuid,+setgid,+chown"
    command = ["setpriv", "--bounding-set", kept, "--inh-caps", kept, "sh", script, "id", "-u"]
    told = os.environ | {"PUID": "4321", "PGID": "1234"}
    ended = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "4321\n"), ended.stderr
    assert state.stat().st_uid == 4321
