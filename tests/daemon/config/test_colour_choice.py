"""Tests of daemon/config/colour_choice.py: what a person chooses for one file changes its colours alone."""

from pathlib import Path

import pytest

from colorizer.errors import SettingsError
from daemon.config.colour_choice import choice_of, read_choice, with_choice
from daemon.config.settings import Folder, load_config
from daemon.control.control_socket import ask
from daemon.jobs.running_job import settings_hash
from daemon.journal.reader import opened_to_read
from tests.assets.pictures import write_grey
from tests.conftest import Daemon


def test_a_choice_replaces_what_is_configured() -> None:
    """It and nothing else; texts from a form are numbers where they can be."""
    folder = Folder(input=Path("/in"), output=Path("/out"))
    choice = read_choice({"vividness": "0.25", "steadiness": "auto", "working_size": "native"})
    assert choice.vividness == 0.25
    chosen = with_choice(folder, choice)
    assert choice_of(chosen) == choice
    assert with_choice(chosen, choice_of(folder)) == folder
    vivid = with_choice(chosen, read_choice({"vividness": 1}))
    assert choice_of(vivid) == choice.model_copy(update={"vividness": 1.0})
    assert with_choice(chosen, read_choice({"steadiness": None})) == chosen


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"vividness": "2", "steadiness": "auto", "working_size": "auto"}, "vividness: must be 1 or less, or auto"),
        ({"vividness": "0", "steadiness": "a lot", "working_size": "auto"}, "steadiness: must be a number"),
        ({"vividness": "0", "steadiness": "auto", "working_size": "8"}, "working_size: must be 32 or more"),
        ({"vividnes": "0"}, "vividnes"),
        ("much", "must contain settings"),
    ],
)
def test_what_is_not_allowed_is_said(values: object, said: str) -> None:
    """With what is allowed."""
    with pytest.raises(SettingsError, match=said):
        read_choice(values)


def test_a_file_is_coloured_with_what_was_chosen_for_it(daemon: Daemon) -> None:
    """The service uses it for this file alone; `tintd recolor` goes back to what is configured."""
    for name in ("a.png", "b.png"):
        write_grey(daemon.inbox / name)
    daemon.start()
    daemon.wait_for(done=2)
    config = load_config(daemon.root / "config.yaml")
    configured, choice = config.folders[0], {"vividness": 0.0, "working_size": 64}
    chosen = with_choice(configured, read_choice(choice))
    before = {name: (daemon.outbox / name).read_bytes() for name in ("a.png", "b.png")}

    def hash_of(name: str) -> str | None:
        with opened_to_read(config.state) as journal:
            job = journal.find(daemon.inbox / name, daemon.inbox)
            return job.settings if job is not None and job.state == "done" else None

    daemon.command("recolor", "a.png", "--vividness", "0", "--working-size", "64")
    daemon.wait_until(lambda: hash_of("a.png") == settings_hash(chosen.job_settings), "the choice was used")
    assert (daemon.outbox / "a.png").read_bytes() != before["a.png"]
    ask(config.control_socket, "recolor", pattern="*")
    daemon.wait_until(lambda: hash_of("a.png") == settings_hash(configured.job_settings), "it was given up")
    daemon.wait_for(done=2)
    assert {name: (daemon.outbox / name).read_bytes() for name in before} == before
