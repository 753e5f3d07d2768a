"""libav's filters, where no function of its Python binding does the same."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from av.filter import Graph
from av.video.frame import VideoFrame


def graph_of(name: str, arguments: str, like: VideoFrame, time_base: Fraction) -> Graph:
    """A graph of one filter, for frames of this size and format."""
    return chain_of([(name, arguments)], like, time_base)


def chain_of(filters: Sequence[tuple[str, str]], like: VideoFrame, time_base: Fraction) -> Graph:
    """A graph of filters (names and arguments), one after the other, for frames of this size and format."""
    graph = Graph()
    source = graph.add_buffer(width=like.width, height=like.height, format=like.format, time_base=time_base)
    added = [graph.add(name, arguments) for name, arguments in filters]
    graph.link_nodes(source, *added, graph.add("buffersink")).configure()
    return graph
