"""libav's filters, where no function of its Python binding does the same."""

from __future__ import annotations

from fractions import Fraction

from av.filter import Graph
from av.video.frame import VideoFrame


def graph_of(name: str, arguments: str, like: VideoFrame, time_base: Fraction) -> Graph:
    """A graph of one filter, for frames of this size and format."""
    graph = Graph()
    source = graph.add_buffer(width=like.width, height=like.height, format=like.format, time_base=time_base)
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    return graph
