"""Tests of colorizer/film/encode/ebml.py."""

import io

from hypothesis import given
from hypothesis import strategies as st

from colorizer.film.encode.ebml import Element, checked_master, encode_size, master, number, read_head, void

IDS = st.sampled_from([0xEC, 0x4286, 0x2AD7B1, 0x1654AE6B])


@given(st.lists(st.builds(Element, IDS, st.binary(max_size=300))))
def test_what_is_written_is_read(elements: list[Element]) -> None:
    """Elements of any length come back in their order, whether or not a checksum stands before them."""
    assert master(0x1654AE6B, *elements).children() == elements
    assert checked_master(0x1654AE6B, *elements).children() == elements


@given(IDS, st.integers(0, 2**55))
def test_numbers_of_any_size(identity: int, value: int) -> None:
    """A size takes as few bytes as hold it, and none of the values that mean `unknown`."""
    head = bytes(Element(identity, b""))[:-1] + encode_size(value)
    assert read_head(io.BytesIO(head)) == (identity, value)
    assert number(identity, value).number == value


@given(st.integers(9, 10_000))
def test_an_empty_element_has_the_length_that_is_asked_for(length: int) -> None:
    """What remains of a header is filled to the byte."""
    empty = void(length)
    assert len(empty) == length
    assert read_head(io.BytesIO(empty)) == (0xEC, length - 9)


@given(st.binary(max_size=64))
def test_damage_ends_the_list(content: bytes) -> None:
    """Bytes of any kind are read without an error."""
    Element(0xEC, content).children()
