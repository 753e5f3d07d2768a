"""Tests of colorizer/film/decode/folders/joined_file.py."""

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from colorizer.film.decode.folders.joined_file import JoinedFile, Piece


@given(st.lists(st.binary(max_size=9), max_size=5), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9))))
def test_it_reads_as_one_file_would(tmp_path_factory: object, parts: list[bytes], reads: list[tuple[int, int]]) -> None:
    """From any place, as much as there is up to the end of a part, also where parts are empty."""
    folder = tmp_path_factory.mktemp("parts")  # type: ignore[attr-defined]
    files = []
    for number, part in enumerate(parts):
        path = Path(folder) / str(number)
        path.write_bytes(part)
        files.append(Piece(path, len(part)))
    whole = b"head" + b"".join(parts)
    with JoinedFile("name", b"head", files) as joined:
        assert joined.seek(0, io.SEEK_END) == len(whole)
        for place, size in reads:
            joined.seek(place)
            found = joined.read(size)
            assert whole[place : place + size].startswith(found)
            assert bool(found) == bool(whole[place : place + size])
            assert joined.tell() == place + len(found)


def test_what_is_gone_is_read_as_zeros(tmp_path: Path) -> None:
    """A file that was cut or deleted after its size was read; what follows keeps its place."""
    cut, last = tmp_path / "cut", tmp_path / "last"
    cut.write_bytes(b"ab")
    last.write_bytes(b"cd")
    with JoinedFile("name", b"", [Piece(cut, 4), Piece(tmp_path / "gone", 2), Piece(last, 2)]) as joined:
        assert b"".join(iter(lambda: joined.read(3), b"")) == b"ab\0\0\0\0cd"


def test_parts_of_a_file_are_read(tmp_path: Path) -> None:
    """In any order."""
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    with JoinedFile("name", b"", [Piece(path, 2, 4), Piece(path, 3, 1)]) as joined:
        assert b"".join(iter(lambda: joined.read(9), b"")) == b"efbcd"
