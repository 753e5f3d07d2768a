"""Tests of daemon/runtime/terminal_line.py: on a pseudo-terminal of 40 columns."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from daemon.runtime.terminal_line import TerminalLine


class Terminal(NamedTuple):
    """Both ends of a pseudo-terminal."""

    line: TerminalLine
    end: int
    screen: int

    def text(self) -> str:
        """What was written since the last look; the kernel may hand it over in parts, so a zero byte ends it."""
        os.write(self.end, b"\0")
        seen = b""
        while not seen.endswith(b"\0"):
            seen += os.read(self.screen, 4096)
        return seen.removesuffix(b"\0").decode()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal with nothing on it."""
    screen, end = os.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with os.fdopen(end, "w") as stream:
        line = TerminalLine(stream)
        line.is_enabled = True
        yield Terminal(line, end, screen)
    os.close(screen)


def test_the_line_stays_below_the_log(terminal: Terminal) -> None:
    """It is erased before a line of the log is written, and written again below it."""
    terminal.line.show("10%")
    assert terminal.text() == "\r\x1b[K10%"
    terminal.line.write_above("done")
    assert terminal.text() == "\r\x1b[Kdone\r\n10%"
    terminal.line.show("")
    assert terminal.text() == "\r\x1b[K"
    terminal.line.write_above("stopped")
    assert terminal.text() == "\r\x1b[Kstopped\r\n", "another process, such as the page's, may show a line there"


def test_a_line_that_is_too_long_is_cropped(terminal: Terminal) -> None:
    """By the columns that its characters take; a broken line could not be erased. No name steers the terminal."""
    terminal.line.show("\N{CJK UNIFIED IDEOGRAPH-5B57}" * 30)
    assert terminal.text() == "\r\x1b[K" + "\N{CJK UNIFIED IDEOGRAPH-5B57}" * 19
    terminal.line.show("a\x1b]0;owned\x07\nb")
    assert "\x1b]" not in terminal.text()


def test_a_terminal_that_does_not_know_its_size(terminal: Terminal) -> None:
    """Breaks: 0 columns, as on a serial console or under `docker run -t`: the last character was cut off."""
    fcntl.ioctl(terminal.end, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    terminal.line.show("waiting for files")
    assert terminal.text() == "\r\x1b[Kwaiting for files"
    terminal.line.show("a" * 100)
    assert terminal.text() == "\r\x1b[K" + "a" * 79


def test_nothing_is_shown_where_no_person_reads(terminal: Terminal) -> None:
    """The log is written all the same."""
    terminal.line.is_enabled = False
    terminal.line.show("10%")
    terminal.line.write_above("done")
    assert terminal.text() == "done\r\n"
