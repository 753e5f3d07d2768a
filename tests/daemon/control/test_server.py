"""Tests of daemon/control/server.py: a real control server and its clients, and a main loop that is the test's."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.config.settings import Config, Control, Folder
from daemon.control.control_socket import ControlError, ask
from daemon.control.requests import Action, Applied
from daemon.control.server import ControlServer
from daemon.journal.journal import Journal
from daemon.runtime.service_state import LatestState
from tests.assets.journals import enter, started


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A configuration whose socket lies in a folder of its own."""
    (tmp_path / "run").mkdir()
    return Config(
        folders=(Folder(input=tmp_path / "in", output=tmp_path / "out"),),
        state=tmp_path / "state",
        control=Control(socket=tmp_path / "run" / "control"),
    )


@pytest.fixture
def server(config: Config) -> Iterator[ControlServer]:
    """A server whose requests are all applied at once."""
    Journal(config.state).close()
    made: list[ControlServer] = []
    asked = threading.Event()
    ended = threading.Event()

    def loop() -> None:
        while not ended.is_set():
            asked.wait(60)
            asked.clear()
            made[0].serve(lambda request: Applied(f"{request.action} {request.pattern}"))

    made.append(ControlServer(config, LatestState(), asked.set))
    thread = threading.Thread(target=loop)
    thread.start()
    yield made[0]
    ended.set()
    asked.set()
    thread.join()
    made[0].close()


def test_requests_wait_for_the_main_loop(server: ControlServer, config: Config) -> None:
    """The answer is what it says, under the present and the old name."""
    assert server is not None
    answer = ask(config.control_socket, Action.CANCEL, pattern="a b.jpg")
    assert answer == {"summary": "cancel a b.jpg", "says": "cancel a b.jpg", "files": None}


def test_files_to_adopt_are_looked_at_by_the_client(config: Config, tmp_path: Path) -> None:
    """Breaks: the main loop waited for a share that does not answer. It gets what was found, and looks at nothing."""
    journal, result = Journal(config.state), tmp_path / "a.png"
    enter(journal, tmp_path / "in" / "a.jpg", tmp_path / "in")
    journal.leave(started(journal).id, result, "it exists", 2)
    result.write_bytes(b"colour")
    woken, requests = threading.Event(), []
    server = ControlServer(config, LatestState(), woken.set)
    client = threading.Thread(target=ask, args=(config.control_socket, Action.ADOPT), kwargs={"pattern": "*"})
    client.start()
    woken.wait(60)
    server.serve(lambda request: (requests.append(request), Applied("adopted"))[1])
    client.join()
    server.close()
    assert [one.path for one in requests[0].found.values()] == [result]


def test_a_choice_that_is_not_allowed_is_refused(server: ControlServer, config: Config) -> None:
    """With what is allowed; one that is allowed reaches the main loop."""
    assert server is not None
    choice = {"vividness": 0.5, "working_size": "native"}
    for allowed in (choice, {}):
        assert ask(config.control_socket, Action.RECOLOR, pattern="id:1", choice=allowed) is not None
    for wrong, said in ((choice | {"vividness": 7}, "vividness: must be 1 or less"), ("all", "must contain settings")):
        with pytest.raises(ControlError, match=said):
            ask(config.control_socket, Action.RECOLOR, pattern="id:1", choice=wrong)


@pytest.mark.parametrize("name", [{}, ["status"], None, 3])
def test_a_name_of_another_kind_is_refused(server: ControlServer, config: Config, name: Any) -> None:  # noqa: ANN401
    """As any request that does not exist; the log shows no traceback."""
    assert server is not None
    with pytest.raises(ControlError, match="there is no such request"):
        ask(config.control_socket, name)


@pytest.mark.parametrize("minutes", [0, -1, 10_081, 10**30, "30", 1.5, [1]])
def test_a_pause_has_a_length_that_makes_sense(server: ControlServer, config: Config, minutes: object) -> None:
    """Up to a week, in whole minutes; anything else is refused."""
    assert server is not None
    assert ask(config.control_socket, Action.PAUSE, minutes=10_080) is not None
    with pytest.raises(ControlError, match="from 1 to 10080"):
        ask(config.control_socket, Action.PAUSE, minutes=minutes)


@pytest.mark.parametrize("pattern", ["\ud800", "[" * 60_000])
@pytest.mark.parametrize("request_", ["cancel", "history"])
def test_a_pattern_that_would_harm_the_main_loop_is_refused(
    server: ControlServer, config: Config, request_: str, pattern: str
) -> None:
    """One that no file's name can contain, and one that would take minutes to read; the next request is applied."""
    assert server is not None
    with pytest.raises(ControlError, match="the pattern"):
        ask(config.control_socket, request_, pattern=pattern)
    assert ask(config.control_socket, "retry", pattern="\udcff.jpg") is not None


def test_a_folder_of_the_socket_that_is_away_for_a_while(server: ControlServer, config: Config) -> None:
    """However often the socket cannot be made, the next check tries again."""
    config.control_socket.unlink()
    config.control_socket.parent.rmdir()
    for _ in range(3):
        server.check()
    config.control_socket.parent.mkdir()
    server.check()
    assert ask(config.control_socket, "status") is not None
